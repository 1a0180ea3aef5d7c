/** The terminal against a real server, llama.cpp's, with a tiny model that was trained to think aloud about the sample. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { headless } from '../support/headless.ts';
import {
  rightRows,
  rowsIn,
  sampleRows,
  startRealTeacher,
  type SampleRow,
  type StartedTeacher,
} from './started-teacher.ts';

const python = process.env['STILLROOM_PYTHON_TEACHER'];
const count = 200;

let server: StartedTeacher | null = null;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillroom-real-teacher-'));
});
afterEach(async () => {
  await server?.close();
  server = null;
});
afterAll(() => rmSync(folder, { recursive: true }));

const linesOf = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Rows without reasons, and three worked answers of other rows. */
function inputs(split: 'train' | 'test'): { data: string; demos: string } {
  const data = join(folder, `${split}-bare.jsonl`);
  const demos = join(folder, 'demos.jsonl');
  writeFileSync(data, linesOf(sampleRows(split).map(({ input, label }) => ({ input, label }))));
  writeFileSync(demos, linesOf(rightRows(sampleRows('validation')).slice(0, 3)));
  return { data, demos };
}

function teach(name: string, ...more: string[]): { rows: SampleRow[]; said: string; out: string } {
  const out = join(folder, `${name}.jsonl`);
  const asked = ['--endpoint', server!.url, '--model', 'tiny', '--out', out, '--rows', String(count)];
  const { code, stdout, stderr } = headless(['teach', ...asked, '--max-tokens', '96', ...more]);
  expect(stderr + String(code)).toMatch(/0$/);
  return { rows: rowsIn(out), said: stdout, out };
}

describe.skipIf(python === undefined)(
  'a real teacher (skipped without the Python that has xllamacpp)',
  () => {
    it.each([
      'completions',
      'completions --no-stream',
      'chat',
      'chat --no-stream',
      'anthropic',
      'anthropic --no-stream',
    ])('%s: 200 rows, all read, at least 98 in 100 right', async (way) => {
      const [api = '', ...more] = way.split(' ');
      server = await startRealTeacher(python!, 'teacher');
      const { data, demos } = inputs('test');
      const name = `${api}${more.join('')}`;
      // Demonstrations lead a completion, the studio's own words a conversation.
      const led = api === 'completions' ? ['--demos', demos] : [];
      const { rows, said } = teach(name, '--data', data, '--api', api, ...led, ...more);
      expect(rows).toHaveLength(count);
      expect(said).toContain(`${count} of ${count} rows: ${count} read`);
      expect(rightRows(rows).length).toBeGreaterThanOrEqual(0.98 * count);
      expect(rows[0]!.rationale).toMatch(/has \w+/);
      if (more.length > 0) return;
      // A second run asks nothing.
      expect(teach(name, '--data', data, '--api', api, ...led).said).toContain(`${count} answers are there`);
    });

    it('holds an untrained model to a schema: every label is a choice', async () => {
      server = await startRealTeacher(python!, 'untrained');
      const { data } = inputs('test');
      const { rows } = teach('random', '--data', data, '--rows', '8', '--schema', '--max-tokens', '1024');
      const known = new Set(sampleRows('test').map(({ label }) => label));
      expect(rows).toHaveLength(8);
      expect(rows.filter(({ teacherLabel }) => !known.has(teacherLabel))).toEqual([]);
    });

    it('the whole way: rows without reasons, this teacher, and step by step beats standard', async () => {
      server = await startRealTeacher(python!, 'teacher');
      const { data, demos } = inputs('train');
      const { out } = teach('taught', '--data', data, '--api', 'completions', '--demos', demos);
      const testFile = join(folder, 'test-bare.jsonl');
      inputs('test');
      const accuracyOf = (method: string): number => {
        const recipe = join(folder, `${method}.json`);
        writeFileSync(recipe, JSON.stringify({ ...wholeWay, method }));
        const run = join(folder, method);
        const files = ['--train', out, '--test', testFile, '--test-rows', '100'];
        const { code, stderr } = headless(['train', ...files, '--recipe', recipe, '--out', run]);
        expect(code, stderr).toBe(0);
        const { accuracy } = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as {
          accuracy: { distilled: { correct: number } };
        };
        return accuracy.distilled.correct;
      };
      const [distilled, standard] = [accuracyOf('step-by-step'), accuracyOf('standard')];
      console.info(`whole way: step by step ${distilled}, standard ${standard} of 100 test rows`);
      expect(distilled).toBeGreaterThan(standard);
    }, 580_000);
  },
);

/** The small preset's settings; as few steps as show the difference. */
const wholeWay = {
  steps: 300,
  alpha: 0.1,
  learningRate: 2e-3,
  warmupSteps: 20,
  weightDecay: 0.01,
  maxInputTokens: 128,
  maxTargetTokens: 96,
  generationMaxTokens: 48,
  evalEvery: 300,
  saveEvery: 300,
};
