import { describe, expect, it } from 'vitest';
import { parseTiny } from '../engine/plan/testing/tiny-engine.ts';
import type { DeviceModel, RunMemory } from '../engine/plan/run-memory.ts';
import { wgslModel } from '../engine/wgsl/wgsl-bytes.ts';
import { fitsIn, memoryOfRun, reliefs, reliefWords, type Relief } from './memory-of-run.ts';
import { notebookRecipe, withBaseDtype, withLora, type Recipe } from './recipe.ts';

// Wide enough that weights and their averages count for more than activations.
const config = parseTiny({ d_model: 64, d_kv: 16, d_ff: 128, vocab_size: 2000 });
const lengths = { inputTokens: 16, targetTokens: 8 };
const recipe: Recipe = { ...notebookRecipe, batchSize: 2, generationMaxTokens: 8 };
const within = (limitBytes: number): DeviceModel => ({ ...wgslModel(), limitBytes });
const steadyOf = (changed: Recipe) => memoryOfRun(config, changed, lengths, within(Infinity)).steadyBytes;

describe('the memory of a run', () => {
  it('is less where less is trained, kept or read at a time', () => {
    const whole = steadyOf(recipe);
    const adapted = withLora(recipe, 8);
    expect(steadyOf({ ...recipe, optimizer: 'adafactor' })).toBeLessThan(whole);
    expect(steadyOf({ ...recipe, freeze: ['embeddings'] })).toBeLessThan(whole);
    expect(steadyOf(adapted)).toBeLessThan(steadyOf({ ...recipe, freeze: ['embeddings'] }));
    expect(steadyOf(withBaseDtype(adapted, 'float16'))).toBeLessThan(steadyOf(adapted));
    expect(steadyOf({ ...recipe, batchSize: 16 })).toBeGreaterThan(whole);
    expect(
      memoryOfRun(config, recipe, { ...lengths, inputTokens: 200 }, within(Infinity)).steadyBytes,
    ).toBeGreaterThan(whole);
  });

  it('has room for the answers that are written together', () => {
    const peak = (generationMaxTokens: number) =>
      memoryOfRun(config, { ...recipe, generationMaxTokens }, lengths, within(Infinity)).peakBytes;
    expect(peak(200)).toBeGreaterThan(peak(8));
  });
});

it('fits where it stays within the limit, and within twice of it while it is compared', () => {
  const memory = (steadyBytes: number, peakBytes: number) => ({ steadyBytes, peakBytes }) as RunMemory;
  const model = within(100);
  expect(fitsIn(model, memory(100, 200))).toBe(true);
  expect(fitsIn(model, memory(101, 101))).toBe(false);
  expect(fitsIn(model, memory(100, 201))).toBe(false);
});

describe('what would make a run fit', () => {
  const keysOf = (from: Recipe, limitBytes = Infinity) =>
    reliefs(config, from, lengths, within(limitBytes)).map(({ key }) => key);

  it('is what the recipe has not yet', () => {
    const adapted = withLora(recipe, 4);
    expect(keysOf(recipe)).toEqual(['optimizer', 'lora', 'half-base']);
    expect(keysOf({ ...recipe, optimizer: 'adafactor' })).toEqual(['lora', 'half-base']);
    expect(keysOf(adapted)).toEqual(['optimizer', 'half-base']);
    expect(keysOf(withBaseDtype(adapted, 'float16'))).toEqual(['optimizer']);
    // Adapters take the place of frozen parts.
    expect(keysOf({ ...recipe, freeze: ['encoder'] })).toEqual(['optimizer', 'lora', 'half-base']);
  });

  it('is what then fits, with what it takes', () => {
    const adapters = steadyOf(withLora(recipe, 8));
    const half = steadyOf(withBaseDtype(withLora(recipe, 8), 'float16'));
    expect(keysOf(recipe, adapters)).toEqual(['lora', 'half-base']);
    expect(keysOf(recipe, adapters - 1)).toEqual(['half-base']);
    expect(keysOf(recipe, half - 1)).toEqual([]);
    const found = reliefs(config, recipe, lengths, within(adapters));
    expect(found.map(({ words, memory }) => [words, memory.steadyBytes])).toEqual([
      ['LoRA (rank 8)', adapters],
      ['LoRA (rank 8) with the base in half precision', half],
    ]);
    const [own] = reliefs(config, withLora(recipe, 4), lengths, within(Infinity)).slice(-1);
    expect(own?.words).toBe('LoRA (rank 4) with the base in half precision');
  });

  it('is said in a sentence', () => {
    const relief = (words: string, steadyBytes: number) => ({ words, memory: { steadyBytes } }) as Relief;
    expect(reliefWords([relief('Adafactor', 2_000_000), relief('LoRA (rank 8)', 1_000_000)])).toBe(
      'Train with Adafactor, which takes 2.00 MB; or with LoRA (rank 8), which takes 1.00 MB.',
    );
    expect(reliefWords([])).toMatch(/^Choose a student with fewer pieces or layers/);
  });
});
