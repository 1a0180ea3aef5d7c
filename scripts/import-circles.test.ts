import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What a file imports, by its path. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** The files that lead back to themselves, each circle once; Tarjan's strongly connected components. */
function circlesOf(imports: Imports): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const other of imports.get(file) ?? []) {
      if (!imports.has(other)) continue;
      if (!order.has(other)) visit(other);
      if (stack.includes(other)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(other)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}

/** Imports of types too: they are gone when the code runs, but a reader follows them. `import()` is left out. */
function importsOf(root: string, folders: readonly string[]): Imports {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(folder, file)),
  );
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const names = [...text.matchAll(/^(?:import|export)\b[^;]*?'(\.[^']+)';/gm)].map((match) => match[1]!);
      return [file, names.map((name) => join(dirname(file), name))];
    }),
  );
}

it('finds circles, and nothing else', () => {
  const imports = {
    a: ['b', 'c'],
    b: ['d'],
    c: ['d', 'elsewhere'],
    d: ['e', 'f'],
    e: ['b'],
    f: [],
    g: ['h'],
    h: ['g', 'a'],
  };
  expect(circlesOf(new Map(Object.entries(imports)))).toEqual([
    ['b', 'd', 'e'],
    ['g', 'h'],
  ]);
});

it('no import leads back to the file it is in', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const imports = importsOf(root, ['src', 'bench', 'tests', 'e2e', 'faults']);
  expect(imports.size).toBeGreaterThan(500);
  expect([...imports.values()].flat().length).toBeGreaterThan(2000);
  expect(circlesOf(imports)).toEqual([]);
});
