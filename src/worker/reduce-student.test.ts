import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withWebLocks } from '../../tests/support/web-locks.ts';
import type { EngineStudent } from '../engine/engine.ts';
import { createTwinEngine } from '../engine/plan/twin/twin-engine.ts';
import { recipeSchema } from '../distill/recipe.ts';
import { deleteStudent, readStudentFiles, readStudentRecord } from '../store/students.ts';
import { addPiecesAndStore } from './add-pieces.ts';
import { openStudent } from './import-student.ts';
import { estimateSteps, measureAndStore, reduceAndStore, rowsOf } from './reduce-student.ts';
import { bringRows, bringStudent, emptyStore, rowsOfTest, watch } from './testing/tiny-store.ts';

withWebLocks();
/** Done before an engine is open. */
let meanwhile = (): Promise<void> => Promise.resolve();
vi.mock('./machine.ts', () => ({
  openEngine: (student: EngineStudent) => meanwhile().then(() => createTwinEngine(student)),
}));

let ways = 0;
const machine = { makeWay: () => Promise.resolve(void (ways += 1)), busy: false };
const whole = { encoder: null, decoder: null, vocabulary: null, dtype: null };

beforeEach(async () => {
  ways = 0;
  meanwhile = () => Promise.resolve();
  await emptyStore();
});

describe('a smaller copy of a student', () => {
  it('is stored beside it, with what it weighs, under a name of its own', async () => {
    const studentId = await bringStudent();
    const told: [string, number, number][] = [];
    const report = (what: string, done: number, total: number) => void told.push([what, done, total]);
    const command = {
      type: 'reduce-student' as const,
      studentId,
      datasetId: null,
      wishes: { ...whole, decoder: 1 },
    } as const;
    const reduced = await reduceAndStore(command, { ...watch, report }, machine);
    expect(ways).toBe(1);
    const record = (await readStudentRecord(reduced.studentId))!;
    expect(record).toMatchObject({
      name: 'tiny-reduced',
      source: 'reduced',
      storedDtype: 'F32',
      config: { num_decoder_layers: 1 },
      reduction: { fromId: studentId, fromName: 'tiny', fromDtype: 'F32', loss: null },
    });
    const { before, after } = record.reduction!.download;
    expect(after.f32).toBeLessThan(before.f32);
    expect(after.f16).toBeLessThan(after.f32);
    const files = await readStudentFiles(reduced.studentId);
    expect([...files.values()].reduce((sum, { size }) => sum + size, 0)).toBe(after.f32);
    expect((await openStudent(reduced.studentId, watch.report)).config.num_decoder_layers).toBe(1);
    expect(told.slice(-2)).toEqual([
      ['storing the student', 0, 1],
      ['storing the student', 1, 1],
    ]);
  });

  it('may be kept in half precision, and of no more pieces than its rows need', async () => {
    const studentId = await bringStudent();
    const datasetId = await bringRows(rowsOfTest);
    const vocabulary = { size: null, dropRare: false };
    const wishes = { ...whole, vocabulary, dtype: 'f16' as const };
    const reduced = await reduceAndStore(
      { type: 'reduce-student', studentId, datasetId, wishes },
      watch,
      machine,
    );
    const record = (await readStudentRecord(reduced.studentId))!;
    expect(record).toMatchObject({ storedDtype: 'F16' });
    const { tokenizer } = await openStudent(reduced.studentId, watch.report);
    expect(tokenizer.decode(tokenizer.encode('aa ff ab'))).toBe('aa ff ab');
  });

  it('needs rows that say which pieces are needed', async () => {
    await expect(rowsOf(null)).rejects.toThrow(
      'There are no rows that say which pieces of the vocabulary are needed.',
    );
    const datasetId = await bringRows(rowsOfTest);
    expect((await rowsOf(datasetId)).map(({ input }) => input)).toEqual(['aa', 'bb', 'cc', 'dd', 'ee', 'ff']);
  });

  it('that is cancelled is not stored', async () => {
    const studentId = await bringStudent();
    const stop = new AbortController();
    const report = (what: string): void => {
      if (what === 'storing the student') stop.abort(new Error('stopped'));
    };
    const command = {
      type: 'reduce-student' as const,
      studentId,
      datasetId: null,
      wishes: { ...whole, decoder: 1 },
    };
    await expect(reduceAndStore(command, { report, signal: stop.signal }, machine)).rejects.toThrow(
      'stopped',
    );
  });
});

describe('what reducing cost', () => {
  const recipe = recipeSchema.parse({ batchSize: 2 });

  async function reduced() {
    const fromId = await bringStudent();
    const command = {
      type: 'reduce-student' as const,
      studentId: fromId,
      datasetId: null,
      wishes: { ...whole, decoder: 1 },
    };
    const { studentId } = await reduceAndStore(command, watch, machine);
    return { fromId, studentId };
  }

  it('is measured on the test rows where there are any, and kept with the copy', async () => {
    const { studentId } = await reduced();
    const datasetId = await bringRows(rowsOfTest);
    await measureAndStore({ type: 'measure-reduction', studentId, datasetId, recipe }, watch, machine);
    const { reduction } = (await readStudentRecord(studentId))!;
    expect(reduction!.loss).toMatchObject({ rows: 2, datasetName: 'mine' });
    expect(reduction!.loss!.answer.before).toBeGreaterThan(0);
    const alone = await bringRows({ train: ['aa', 'bb', 'cc'] });
    await measureAndStore({ type: 'measure-reduction', studentId, datasetId: alone, recipe }, watch, machine);
    expect((await readStudentRecord(studentId))!.reduction!.loss).toMatchObject({ rows: 3 });
  });

  it('is not kept of a copy that is removed meanwhile', async () => {
    const { studentId } = await reduced();
    const datasetId = await bringRows(rowsOfTest);
    let engines = 0;
    meanwhile = async () => {
      engines += 1;
      if (engines === 2) await deleteStudent(studentId);
    };
    await measureAndStore({ type: 'measure-reduction', studentId, datasetId, recipe }, watch, machine);
    expect(await readStudentRecord(studentId)).toBeNull();
  });

  it('is not measured while a run is at work, without rows, or of a student that is no copy', async () => {
    const { fromId, studentId } = await reduced();
    const datasetId = await bringRows(rowsOfTest);
    const measure = (id: string, of: string, busy = false) =>
      measureAndStore({ type: 'measure-reduction', studentId: id, datasetId: of, recipe }, watch, {
        ...machine,
        busy,
      });
    await expect(measure(studentId, datasetId, true)).rejects.toThrow('A run is at work.');
    await expect(measure(studentId, 'gone')).rejects.toThrow('There are no rows to measure a loss on.');
    await expect(measure(fromId, datasetId)).rejects.toThrow('That student is no longer stored.');
  });
});

it('says what a step of each configuration costs', async () => {
  const { config } = await openStudent(await bringStudent(), watch.report);
  const shape = {
    method: 'standard' as const,
    batchSize: 2,
    accumulation: 1,
    inputTokens: 8,
    targetTokens: 4,
  };
  const command = {
    type: 'estimate-steps' as const,
    configs: [config, { ...config, num_decoder_layers: 1 }],
    shape,
  };
  const [large, small] = await estimateSteps({ ...command, freeze: [] });
  const [frozen] = await estimateSteps({ ...command, freeze: ['encoder'] });
  expect(small).toBeLessThan(large!);
  expect(frozen).toBeLessThan(large!);
});

describe('a copy with pieces for its labels', () => {
  async function added(label: string) {
    const studentId = await bringStudent();
    const datasetId = await bringRows({ train: ['a', 'b'] }, label);
    const told: [string, number, number][] = [];
    const report = (what: string, done: number, total: number) => void told.push([what, done, total]);
    const command = { type: 'add-pieces', studentId, datasetId } as const;
    const result = await addPiecesAndStore(command, { ...watch, report }, machine);
    return { ...result, told };
  }

  it('is stored beside the student, and can write what that could not', async () => {
    const { studentId, told } = await added('{b}');
    expect(ways).toBe(1);
    expect(told.slice(-2)).toEqual([
      ['adding pieces', 0, 1],
      ['adding pieces', 1, 1],
    ]);
    expect(await readStudentRecord(studentId)).toMatchObject({
      name: 'tiny-with-pieces',
      source: 'extended',
      storedDtype: 'F32',
    });
    const { tokenizer } = await openStudent(studentId, watch.report);
    expect(tokenizer.decode(tokenizer.encode('{b}'))).toBe('{b}');
  });

  it('is refused where no piece would help', async () => {
    await expect(added('ab')).rejects.toThrow('No piece would help');
  });
});
