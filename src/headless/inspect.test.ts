/** What is said of texts with the tokenizer that most students have, and what a run keeps of how it read them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { joinTeacher } from '../data/join.ts';
import { lintTokens } from '../data/lint-tokens.ts';
import { asDataset, readDataFile } from '../data/read-file.ts';
import type { Example } from '../data/example.ts';
import { notebookRecipe } from '../distill/recipe.ts';
import { lostLabelNotes } from '../distill/written-labels.ts';
import { formatJob, readJob } from './job-file.ts';
import { parseTokenizer } from '../student/tokenizer.ts';

const folder = '../shared';
const present = existsSync(`${folder}/data/t5-tokenizer`);
if (!present) console.info(`skipped: ${folder} is not here, so that T5's tokenizer was not asked`);

describe.skipIf(!present)('with T5’s tokenizer', () => {
  const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8');
  const coder = () =>
    parseTokenizer(
      {
        tokenizer: read('data/t5-tokenizer/tokenizer.json'),
        config: read('data/t5-tokenizer/tokenizer_config.json'),
      },
      { endId: 1 },
    );
  const notesOn = (examples: readonly Example[]) => {
    const tokenizer = coder();
    return [lostLabelNotes, lintTokens].flatMap((notes) => notes(examples, tokenizer, notebookRecipe));
  };
  const notesOf = (file: string) =>
    notesOn(joinTeacher(asDataset(readDataFile(file, read(file))), null).examples);

  it('finds labels that it cannot spell, and inputs that it does not know', () => {
    const notes = notesOf('cases/data-bugs/19-t5-cannot-spell-it/train.jsonl');
    expect(notes).toMatchObject([
      { kind: 'label-unspellable', count: 6 },
      { kind: 'input-unknown', rows: [0, 1] },
      { kind: 'label-unknown' },
      { kind: 'rationale-unknown', rows: [0] },
    ]);
  });

  it('finds rationales that are cut', () => {
    const notes = notesOf('cases/data-bugs/38-very-long-field/train.jsonl');
    expect(notes).toMatchObject([{ kind: 'rationale-long', rows: [0, 1] }]);
  });

  it('finds the one label of CoS-E that it cannot spell', { timeout: 60_000 }, () => {
    const { examples } = joinTeacher(
      asDataset(readDataFile('train', read('data/cos_e/cos_e_v1.11_train.jsonl'))),
      null,
    );
    const notes = notesOn(examples);
    expect(notes).toMatchObject([{ kind: 'label-unspellable', count: 1 }]);
    expect(examples[notes[0]!.rows[0]!]!.label).toBe('tromsø');
  });
});

describe('a run', () => {
  it('keep in job.json how files were read', async () => {
    const inputs = {
      student: null,
      train: ['/a/x-0.json', '/a/x-1.json'],
      trainRationales: null,
      test: null,
      testRationales: null,
      engine: null,
      backend: null,
      testRows: null,
      precision: 'f32' as const,
      map: 'input=q,label=a',
      completions: 'repaired' as const,
      fix: 'letters',
    };
    const digests = { rowsSha256: 'a', student: 'b', test: null, recipe: 'c' };
    const folder = mkdtempSync(join(tmpdir(), 'job-'));
    try {
      const file = join(folder, 'job.json');
      writeFileSync(file, formatJob(inputs, digests));
      expect(await readJob(file)).toMatchObject(inputs);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
