/**
 * What a run needs of its student beside the weights that it made: configuration, tokenizer, generation settings. It is
 * kept with the runs, once for all runs of one student, so that a student may be removed, or never have been here, and
 * what was made of it can still be asked and taken away.
 */
import { digest } from '../base/bytes.ts';
import type { Student } from '../student/folder.ts';
import { filesInMemory, type StudentFiles } from '../student/student-files.ts';
import { reading, writing } from './database.ts';
import type { KeptTexts } from './records.ts';

/** The files of a student that are kept. */
export function keptTexts({
  rawConfig,
  tokenizerFiles,
  generationConfigText,
}: Pick<Student, 'rawConfig' | 'tokenizerFiles' | 'generationConfigText'>): KeptTexts {
  return {
    'config.json': `${JSON.stringify(rawConfig, null, 2)}\n`,
    ...tokenizerFiles,
    ...(generationConfigText === null ? {} : { 'generation_config.json': generationConfigText }),
  };
}

/** Keeps a student's files; the same ones twice are kept once. @returns Their digest, for the run's record. */
export async function keepStudent(texts: KeptTexts): Promise<string> {
  const files = Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
  const sum = await digest(new TextEncoder().encode(JSON.stringify(files)));
  await writing((database) => database.put('keptStudents', { digest: sum, files }));
  return sum;
}

/** Null where nothing is kept under this digest. */
async function readKeptTexts(sum: string | undefined): Promise<KeptTexts | null> {
  if (sum === undefined) return null;
  return (await reading((database) => database.get('keptStudents', sum)))?.files ?? null;
}

/** As a folder without weights; null as above. */
export async function readKeptStudent(sum: string | undefined): Promise<StudentFiles | null> {
  const texts = await readKeptTexts(sum);
  if (texts === null) return null;
  const encoder = new TextEncoder();
  return filesInMemory(
    new Map(Object.entries(texts).map(([name, text]): [string, Uint8Array] => [name, encoder.encode(text)])),
  );
}
