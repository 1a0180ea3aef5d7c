/** `headless plan`: which step of which student is planned, and what a run of it takes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { memoryOfRun } from '../distill/memory-of-run.ts';
import { recipeSchema, withBaseDtype, withLora } from '../distill/recipe.ts';
import { formatStepPlan } from '../engine/plan/format-plan.ts';
import type { RunMemory } from '../engine/plan/run-memory.ts';
import { parseT5Config } from '../student/config.ts';
import { publishedShapes } from '../student/shapes.ts';
import { jsonBytes, tinyConfig } from '../student/testing/tiny-student.ts';
import { deviceModel, plan } from './plan.ts';

// A machine without a GPU.
vi.mock('./machine.ts', () => ({ chooseForThisMachine: () => Promise.resolve({ engine: 'wasm' }) }));

let folder = '';
let said: string[] = [];
let complaints: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-plan-'));
  [said, complaints] = [[], []];
  vi.spyOn(console, 'log').mockImplementation((text: unknown) => void said.push(String(text)));
  vi.spyOn(console, 'error').mockImplementation((text: unknown) => void complaints.push(String(text)));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});
const tiny = parseT5Config(JSON.stringify(tinyConfig()), 'config.json');
const student = (): string => {
  mkdirSync(join(folder, 'tiny'));
  // Neither weights nor a tokenizer are needed.
  writeFileSync(join(folder, 'tiny', 'config.json'), jsonBytes(tinyConfig()));
  return join(folder, 'tiny');
};
const recipeFile = (keys: object): string => {
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(keys));
  return join(folder, 'recipe.json');
};
const planned = async (...args: string[]): Promise<string> => {
  said = [];
  await plan(args);
  return said.join('\n');
};

it('prints the step of a folder or a published shape, of a usual size', async () => {
  const usual = { batch: 8, inputTokens: 64, targetTokens: 32 };
  expect(await planned('--student', student())).toBe(formatStepPlan(tiny, usual, null));
  const shape = publishedShapes.get('t5-efficient-tiny')!;
  expect(await planned('--shape', 't5-efficient-tiny')).toBe(formatStepPlan(shape, usual, null));
});

it('prints a step of the recipe’s size, or of the size that is asked for', async () => {
  const folderOf = student();
  const recipe = recipeFile({ batchSize: 3, maxInputTokens: 16, maxTargetTokens: 9 });
  const whole = { batch: 3, inputTokens: 16, targetTokens: 9 };
  expect(await planned('--student', folderOf, '--recipe', recipe)).toBe(formatStepPlan(tiny, whole, null));
  const asked = ['--batch', '2', '--input', '5', '--target', '4'];
  expect(await planned('--student', folderOf, '--recipe', recipe, ...asked)).toBe(
    formatStepPlan(tiny, { batch: 2, inputTokens: 5, targetTokens: 4 }, null),
  );
  const { lora } = withLora(recipeSchema.parse({}), 2);
  expect(await planned('--student', folderOf, '--lora', '2', ...asked)).toBe(
    formatStepPlan(tiny, { batch: 2, inputTokens: 5, targetTokens: 4 }, lora),
  );
});

it('counts what a run takes on the engine that is asked for, else on the one that this machine has', async () => {
  const folderOf = student();
  const lengths = { inputTokens: 64, targetTokens: 32 };
  const memory = async (...args: string[]) =>
    JSON.parse(await planned('--student', folderOf, '--json', ...args)) as RunMemory;
  const recipe = { ...recipeSchema.parse({}), batchSize: 8 };
  const [wasm, wgsl] = [await deviceModel('wasm'), await deviceModel('wgsl')];
  expect(await memory('--engine', 'wasm')).toEqual(memoryOfRun(tiny, recipe, lengths, wasm));
  expect(await memory()).toEqual(await memory('--engine', 'wasm'));
  expect(await memory('--engine', 'wgsl')).toEqual(memoryOfRun(tiny, recipe, lengths, wgsl));
  const adapted = withBaseDtype(withLora(recipe, 2), 'float16');
  expect(await memory('--lora', '2', '--base-dtype', 'float16', '--engine', 'wasm')).toEqual(
    memoryOfRun(tiny, adapted, lengths, wasm),
  );
  expect(complaints).toEqual([]);
});

it.each([
  [[], 'plan needs a student.'],
  [['--shape', 't5-small', '--student', 'x'], '--student and --shape name two students.'],
  [['--shape', 't5-vast'], '--shape t5-vast is not known.'],
  [['--shape', 't5-small', '--engine', 'tfjs'], '--engine tfjs is not known.'],
  [['--shape', 't5-small', '--batch', '0'], '--batch 0 is not a whole number from 1.'],
])('%o is refused', async (args, words) => {
  await expect(plan(args)).rejects.toThrow(words);
});
