/** Which files of its folder a resumed run keeps. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallRecipe } from '../distill/recipe.ts';
import type { MetricsPoint } from '../distill/run-state.ts';
import { readStudentFolder } from '../student/folder.ts';
import { filesInMemory } from '../student/student-files.ts';
import { tinyFolder } from '../student/testing/tiny-student.ts';
import { RunFolder } from './run-folder.ts';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-run-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(at(name), '..'), { recursive: true });
    writeFileSync(at(name), '');
  }
}

const point = (step: number): MetricsPoint => ({
  step,
  learningRate: 1,
  answerLoss: 1,
  rationaleLoss: null,
  loss: 1,
  gradNorm: 1,
  tokens: 4,
  elapsedMs: 10 * step,
});

describe('a folder that a run resumes in', () => {
  const open = async (): Promise<RunFolder> =>
    new RunFolder(at(), {
      student: await readStudentFolder(filesInMemory(tinyFolder()), 'tiny'),
      recipe: smallRecipe,
      datasetName: 'rows',
      trainRows: 4,
      reading: null,
      dtype: 'f32',
    });
  const lines = (values: readonly object[]): string =>
    values.map((one) => `${JSON.stringify(one)}\n`).join('');
  const write = (steps: readonly number[]): void =>
    writeFileSync(at('metrics.jsonl'), lines(steps.map(point)));

  it('is what it was at that step: later lines go, and what an earlier end wrote', async () => {
    write([1, 2, 3, 4]);
    const evaluations = [2, 3].map((step) => ({ step, correct: 1, total: 2 }));
    writeFileSync(at('evaluations.jsonl'), lines(evaluations));
    put('summary.json', 'predictions.jsonl', 'model/config.json');
    const run = await open();
    await run.resumeAt(2);
    expect(run.soFar).toEqual({ step: 2, savedStep: 2, evaluations: [evaluations[0]] });
    expect(run.elapsedMs).toBe(20);
    expect(readFileSync(at('metrics.jsonl'), 'utf8')).toBe(lines([point(1), point(2)]));
    expect(readFileSync(at('evaluations.jsonl'), 'utf8')).toBe(lines(evaluations.slice(0, 1)));
    expect([existsSync(at('summary.json')), existsSync(at('predictions.jsonl'))]).toEqual([false, false]);
    expect(existsSync(at('model/config.json'))).toBe(true);
  });

  it('at no step has nothing', async () => {
    write([1]);
    const run = await open();
    await run.resumeAt(0);
    expect(run.soFar).toEqual({ step: 0, savedStep: null, evaluations: [] });
    expect(run.elapsedMs).toBe(0);
    expect(readFileSync(at('metrics.jsonl'), 'utf8')).toBe('');
  });

  it('is refused where steps before it are missing, or in another order', async () => {
    const words = 'it should hold a line for each of the first 3 steps and does not.';
    for (const steps of [
      [1, 2],
      [1, 3, 2],
      [2, 3, 4],
      [0, 1, 2],
    ]) {
      write(steps);
      await expect((await open()).resumeAt(3)).rejects.toThrow(words);
    }
    write([1, 2, 3]);
    await (await open()).resumeAt(3);
  });
});
