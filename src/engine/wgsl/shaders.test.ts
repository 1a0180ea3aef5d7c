/** Compilers that other browsers meet: every module passes tint and naga, and naga's Metal, HLSL and SPIR-V output. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { matmulVariants } from './matmul.ts';
import { allShaders } from './testing/all-shaders.ts';

const run = promisify(execFile);
const shaders = allShaders();

function isThere(program: string): boolean {
  const present = spawnSync(program, ['--version']).error === undefined;
  if (!present) console.log(`Skipped: WGSL through ${program}, which is not on the PATH.`);
  return present;
}

test('modules keep to the default limits', () => {
  expect(shaders.size).toBeGreaterThan(100);
  for (const [label, code] of shaders) {
    const buffers = code.match(/var<storage/g)?.length ?? 0;
    expect(buffers, label).toBeLessThanOrEqual(8);
    expect(code, label).not.toMatch(/\$[a-z(]|#if|#each/);
  }
  for (const { name, kernel, threadsX, threadsY, rowBlocks, groups, depth } of matmulVariants) {
    expect(threadsX * threadsY, name).toBeLessThanOrEqual(256);
    const quads = kernel === 'staged' ? depth * (threadsY * rowBlocks + threadsX * groups) : 0;
    expect(16 * quads, name).toBeLessThanOrEqual(16_384);
  }
});

describe('compilers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-wgsl-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const files = [...shaders].map(([label, code], index) => {
    const file = join(folder, `${index}.wgsl`);
    writeFileSync(file, code);
    return { label, file };
  });

  async function complaints(program: string, argumentsFor: (file: string) => string[]): Promise<string[]> {
    const found: string[] = [];
    const waiting = [...files];
    const work = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        try {
          await run(program, argumentsFor(next.file));
        } catch (error) {
          found.push(
            `${next.label} (${next.file}): ${(error as { stderr?: string }).stderr ?? String(error)}`,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
    return found;
  }

  test.skipIf(!isThere('tint'))('tint', { timeout: 300_000 }, async () => {
    expect(
      await complaints('tint', (file) => ['--format', 'wgsl', '-o', file.replace(/wgsl$/, 'out.wgsl'), file]),
    ).toEqual([]);
  });

  test.skipIf(!isThere('naga'))('naga, with Metal, HLSL and SPIR-V', { timeout: 300_000 }, async () => {
    const outputs = (file: string) => ['metal', 'hlsl', 'spv'].map((kind) => file.replace(/wgsl$/, kind));
    // naga knows subgroups and not yet the line that asks for them (gfx-rs/wgpu#5555).
    for (const { file } of files) {
      writeFileSync(file, readFileSync(file, 'utf8').replace('enable subgroups;', ''));
    }
    expect(await complaints('naga', (file) => [file, ...outputs(file)])).toEqual([]);
  });
});
