import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../base/errors.ts';
import { plan } from './plan.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-plan-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function printed(...args: string[]): Promise<string> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  log.mockClear();
  await plan(args);
  return log.mock.calls.map(([line]) => String(line)).join('\n');
}

const memoryOf = async (...args: string[]): Promise<Record<string, number>> =>
  JSON.parse(await printed(...args, '--json')) as Record<string, number>;

describe('plan', () => {
  it.each(['wasm', 'wgsl'])('tells as JSON what a run on %s takes', async (engine) => {
    const memory = await memoryOf('--shape', 'flan-t5-small', '--engine', engine);
    expect(Object.keys(memory)).toEqual(['steadyBytes', 'peakBytes', 'largestBindingBytes', 'microBatches']);
    const stateBytes = 16 * 76_961_152;
    expect(memory['steadyBytes']).toBeGreaterThan(stateBytes);
    expect(memory['steadyBytes']).toBeLessThan(1.7e9);
    // The comparison keeps the trained weights; a checkpoint goes in slices.
    expect(memory['peakBytes']! - memory['steadyBytes']!).toBeGreaterThanOrEqual(4 * 76_961_152);
    expect(memory['peakBytes']! - memory['steadyBytes']!).toBeLessThan(8 * 76_961_152);
    expect(memory['largestBindingBytes']).toBeLessThanOrEqual(2 ** 27);
    expect(memory['microBatches']).toBe(1);
  });

  it('follows the recipe: frozen parts have no moments, long rows are cut into micro-batches', async () => {
    const write = (name: string, recipe: object): string => {
      const file = join(folder, name);
      writeFileSync(file, JSON.stringify(recipe));
      return file;
    };
    const short = { batchSize: 4, maxInputTokens: 64, maxTargetTokens: 32 };
    const whole = write('whole.json', short);
    const frozen = write('frozen.json', { ...short, freeze: ['embeddings', 'encoder'] });
    const long = write('long.json', { batchSize: 16, maxInputTokens: 1024, accumulation: 2 });
    const shape = ['--shape', 'flan-t5-base', '--engine', 'wgsl', '--recipe'];
    const all = await memoryOf(...shape, whole);
    expect((await memoryOf(...shape, frozen))['steadyBytes']).toBeLessThan(all['steadyBytes']! - 1e9);
    const cut = await memoryOf(...shape, long);
    expect(cut['microBatches']).toBeGreaterThan(4);
    expect(cut['largestBindingBytes']).toBeLessThanOrEqual(2 ** 27);
  });

  it('counts adapters: no gradients and moments of the base, and a state without it', async () => {
    const shape = ['--shape', 'flan-t5-base', '--engine', 'wgsl'];
    const [whole, lora] = [await memoryOf(...shape), await memoryOf(...shape, '--lora', '8')];
    const baseBytes = 4 * 247_577_856;
    expect(lora['steadyBytes']).toBeGreaterThan(baseBytes);
    expect(lora['steadyBytes']).toBeLessThan(whole['steadyBytes']! - 2.8 * baseBytes);
    // What generation takes beside the step's own; no copy of the base.
    expect(lora['peakBytes']! - lora['steadyBytes']!).toBeLessThan(0.3 * baseBytes);
    expect(lora['largestBindingBytes']).toBeLessThanOrEqual(2 ** 27);
    // q and v of 12 + 24 attentions.
    expect(await printed(...shape, '--lora', '8')).toContain('of adapters');
    await expect(plan([...shape, '--lora', '9999'])).rejects.toThrow(InputError);
  });

  it('says so where WebAssembly cannot hold it', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await memoryOf('--shape', 'flan-t5-large', '--engine', 'wasm');
    expect(String(error.mock.calls[0]?.[0])).toMatch(/WebAssembly has at most 4.29 GB/);
  });

  it('says what would fit: Adafactor or LoRA for the shape of flan-t5-base with long rows', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const shape = ['--shape', 'flan-t5-base', '--engine', 'wasm', '--input', '512', '--target', '128'];
    await memoryOf(...shape);
    expect(String(error.mock.calls[0]?.[0])).toMatch(/Train with Adafactor, which takes .*LoRA \(rank 8\)/);
  });

  it.each(['wasm', 'wgsl'])('plans flan-t5-large by LoRA within 4 GB on %s', async (engine) => {
    const shape = ['--shape', 'flan-t5-large', '--engine', engine, '--lora', '8'];
    const large = await memoryOf(...shape);
    // WebGPU's default limit.
    expect(large['largestBindingBytes']).toBeLessThan(2 ** 27);
    expect(large['peakBytes']).toBeLessThan(4e9);
    const half = await memoryOf(...shape, '--base-dtype', 'float16');
    expect(half['largestBindingBytes']).toBeLessThan(2 ** 27);
    // 783 M weights, of which two bytes each are left.
    expect(large['steadyBytes']! - half['steadyBytes']!).toBeGreaterThan(1.5e9);
    await expect(plan([...shape.slice(0, 4), '--base-dtype', 'float16', '--json'])).rejects.toThrow(
      /has none/,
    );
  });

  it('plans flan-t5-base whole within 8 GB', async () => {
    for (const engine of ['wasm', 'wgsl']) {
      const base = await memoryOf('--shape', 'flan-t5-base', '--engine', engine);
      expect(base['largestBindingBytes']).toBeLessThan(2 ** 27);
      expect(base['peakBytes']).toBeLessThan(8e9);
    }
  });

  it('says that a vocabulary which cannot be bound can be reduced; WebAssembly, which binds nothing, plans it', async () => {
    const shape = ['--shape', 'mt5-small', '--lora', '8', '--json', '--engine'];
    await expect(plan([...shape, 'wgsl'])).rejects.toThrow(/250,112 pieces × 512.* Reduce the student first/);
    expect((await memoryOf(...shape.slice(0, 4), '--engine', 'wasm'))['steadyBytes']).toBeLessThan(2e9);
  });

  it('prints the plan without --json', async () => {
    expect(await printed('--shape', 't5-small', '--batch', '1')).toMatch(/matmul nt \+ relu/);
  });

  it.each<[string, string[], RegExp]>([
    ['no student', ['--json'], /--shape NAME/],
    ['two students', ['--shape', 't5-small', '--student', 'x'], /two students/],
    ['an unknown shape', ['--shape', 't6'], /--shape t6 is not known/],
    ['an engine without plans', ['--shape', 't5-small', '--engine', 'tfjs'], /Choose wasm, wgsl/],
  ])('refuses %s', async (_, args, message) => {
    await expect(plan(args)).rejects.toThrow(InputError);
    await expect(plan(args)).rejects.toThrow(message);
  });
});
