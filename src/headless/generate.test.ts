/** `headless generate`: lines in, lines out, and how the engine is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EngineStudent, GenerateOptions } from '../engine/engine.ts';
import { tinyFolder, tinyTokenizer } from '../student/testing/tiny-student.ts';
import { parseTokenizer } from '../student/tokenizer.ts';
import { generate } from './generate.ts';

const tokenizer = parseTokenizer({ tokenizer: JSON.stringify(tinyTokenizer()), config: null }, { endId: 1 });
/** An engine that says what it is asked, in the same words. */
const asked = vi.hoisted(() => ({
  batches: [] as string[][],
  options: [] as unknown[],
  disposed: 0,
  engine: {},
}));
vi.mock('./machine.ts', () => ({
  openEngine: (_student: EngineStudent, request: object) => {
    asked.engine = request;
    return Promise.resolve({
      describe: () => ({ reason: 'It echoes.' }),
      generate: (inputs: readonly Int32Array[], options: GenerateOptions) => {
        asked.batches.push(inputs.map((ids) => tokenizer.decode(ids)));
        asked.options.push(options);
        return Promise.resolve(inputs.map((ids) => ({ ids, score: null })));
      },
      dispose: () => (asked.disposed += 1),
    });
  },
}));

let folder = '';
let said: string[] = [];
const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-generate-'));
  [said, asked.batches, asked.options, asked.disposed] = [[], [], [], 0];
  for (const [name, bytes] of tinyFolder()) writeFileSync(join(folder, name), bytes);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text).trimEnd()) > 0);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  Object.defineProperty(process, 'stdin', stdin);
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function answers(lines: string, ...more: string[]): Promise<string[]> {
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([lines]) });
  await generate(['--student', folder, ...more]);
  return said;
}

it('answers each line with one, sixteen together, and lets go of the engine', async () => {
  const letters = Array.from('abcdefghijklmnopqr');
  expect(await answers(`${letters.join('\n')}\n`, '--prefix', 'say ')).toEqual(
    letters.map((one) => `say ${one}`),
  );
  expect(asked.batches.map(({ length }) => length)).toEqual([16, 2]);
  expect(asked.options[0]).toEqual({ numBeams: 1, maxNewTokens: 64 });
  expect(asked.engine).toEqual({ engine: null, backend: null });
  expect(asked.disposed).toBe(1);
});

it('asks nothing where there are no more lines', async () => {
  await answers('a\n'.repeat(16));
  expect(asked.batches.map(({ length }) => length)).toEqual([16]);
});

it('takes lines as JSON strings where it is told to, and says which is none', async () => {
  expect(await answers('"a"\n"b"\n', '--json')).toEqual(['"a"', '"b"']);
  await expect(answers('"a"\n7\n', '--json')).rejects.toThrow(
    'standard input, line 2: this is not a JSON string.',
  );
  await expect(answers('a\n', '--json')).rejects.toThrow(
    'standard input, line 1: this is not a JSON string.',
  );
});

it('generates as it is told: so many tokens and beams, or as the student’s folder asks', async () => {
  writeFileSync(join(folder, 'generation_config.json'), '{"num_beams": 3, "max_new_tokens": 300}');
  const options = ['--max-tokens', '9', '--beams', '2', '--max-input-tokens', '3', '--engine', 'wasm'];
  expect(await answers('abcdef\n', ...options)).toEqual(['a']);
  expect(asked.options[0]).toEqual({ numBeams: 2, maxNewTokens: 9 });
  expect(asked.engine).toEqual({ engine: 'wasm', backend: null });
  await answers('a\n', '--generation', 'own');
  expect(asked.options[1]).toMatchObject({ numBeams: 3, maxNewTokens: 64 });
  await answers('a\n', '--generation', 'greedy', '--beams', '4');
  expect(asked.options[2]).toEqual({ numBeams: 4, maxNewTokens: 64 });
});

it.each([
  [['--generation', 'own', '--beams', '2'], '--generation own says how many beams.'],
  [['--max-tokens', '0'], '--max-tokens 0 is not a whole number from 1.'],
  [['--adapter', 'none'], 'none'],
])('%o is refused', async (more, words) => {
  await expect(answers('a\n', ...more)).rejects.toThrow(words);
});

it('needs a student', async () => {
  await expect(generate([])).rejects.toThrow('generate needs a student.');
});
