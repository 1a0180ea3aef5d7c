/** Rows as a command's options name them: read, put together, joined with the teacher's. */
import { InputError } from '../base/errors.ts';
import { isTeachersMap, parseColumnMap, type ColumnMap } from '../data/column-map.ts';
import { completionModes, type CompletionMode } from '../data/completions.ts';
import { parseFixes } from '../data/fixes.ts';
import { parseMetric } from '../data/metrics/metrics.ts';
import { joinTeacher, type Joined, type JoinOptions, type TeacherFile } from '../data/join.ts';
import {
  asDataset,
  asRationales,
  readContainer,
  type DataFile,
  type DatasetFile,
  type ReadOptions,
} from '../data/read-file.ts';
import { openSources } from '../data/sources.ts';
import { readStream } from '../data/stream-rows.ts';
import { concatenate, sortChunks } from '../data/several-files.ts';
import { ofSplit, splits, type Split } from '../data/split-name.ts';
import { parseTeachers, teachersOf } from '../data/teachers.ts';
import { listed } from '../data/words.ts';
import { oneOf } from './arguments.ts';
import { openParts } from './files.ts';
import { dataFiles } from './hub-dataset.ts';

/** One path, several, or none. */
export type Paths = string | readonly string[] | undefined;

/** Files and how to read them, as options have them. */
export interface DataArguments {
  train?: Paths;
  'train-rationales'?: Paths;
  validation?: Paths;
  'validation-rationales'?: Paths;
  test?: Paths;
  'test-rationales'?: Paths;
  map?: string | undefined;
  completions?: string | undefined;
  'only-matching'?: boolean | undefined;
  unaligned?: boolean | undefined;
  fix?: string | undefined;
  metric?: string | undefined;
  encoding?: string | undefined;
  'hold-out'?: string | undefined;
  'hold-out-validation'?: string | undefined;
  subsample?: string | undefined;
  'split-column'?: string | undefined;
  teachers?: string | undefined;
  'rationales-map'?: string | undefined;
}

/** Options that name files of rows, or of a teacher's answers to them. */
export const fileOptions = splits.flatMap((split) => [split, `${split}-rationales`] as const);
export type FileOption = (typeof fileOptions)[number];

/** How files are read and joined. */
export interface Reading extends JoinOptions {
  map: ColumnMap | null;
  /** Of the teacher's files, which are read by their own columns. */
  rationalesMap: ColumnMap | null;
  /** The column that says each row's split, null for none; left out: one that is called so. */
  splitColumn?: string | null;
  completions: CompletionMode | null;
  /** Of texts that carry no byte order mark; null where it is found out. */
  encoding: string | null;
  /** Joined although the rationales seem to belong to other rows. */
  unaligned: boolean;
}

/** @throws InputError where an option's value is not known. */
export function readingOf(options: DataArguments): Reading {
  return {
    map: options.map === undefined ? null : parseColumnMap(options.map),
    rationalesMap: teachersMap(options['rationales-map']),
    ...(options['split-column'] === undefined
      ? {}
      : { splitColumn: options['split-column'] === 'none' ? null : options['split-column'] }),
    ...(options.teachers === undefined ? {} : { teachers: parseTeachers(options.teachers) }),
    completions: oneOf('completions', options.completions, completionModes),
    encoding: options.encoding ?? null,
    onlyMatching: options['only-matching'] ?? false,
    unaligned: options.unaligned ?? false,
    fixes: options.fix === undefined ? [] : parseFixes(options.fix),
    ...(options.metric === undefined ? {} : { metric: parseMetric(options.metric) }),
  };
}

function teachersMap(text: string | undefined): ColumnMap | null {
  if (text === undefined) return null;
  const map = parseColumnMap(text);
  if (isTeachersMap(map)) return map;
  throw new InputError(
    `The map “${text}” names no reason and no answer of a teacher, or a true label.`,
    'Give --rationales-map the roles rationale, teacherLabel, id and input.',
  );
}

export function listOfPaths(paths: Paths): string[] {
  if (paths === undefined) return [];
  return typeof paths === 'string' ? [paths] : [...paths];
}

/** @throws InputError where a test or rationales file is named without the one that it goes with. */
export function checkFiles(options: DataArguments): void {
  const has = (name: FileOption): boolean => listOfPaths(options[name]).length > 0;
  if (!has('train') && fileOptions.some(has)) {
    throw new InputError(
      'There are files to go with a training file, but none.',
      'Name it with --train FILE.',
    );
  }
  for (const split of ['validation', 'test'] as const) {
    if (!has(split) && has(`${split}-rationales`))
      throw new InputError(
        `There are ${split} rationales, but no ${split} file.`,
        `Name it with --${split} FILE.`,
      );
  }
}

export interface OpenedSplit {
  data: DataFile;
  /** One teacher's files or several teachers'; empty without any. */
  teachers: readonly TeacherFile[];
}

/** The files of one split, read but not joined. The map is the dataset's: a teacher's file is read by its own columns. */
export async function openSplit(
  files: Paths,
  rationales: Paths,
  split: Split,
  { map, rationalesMap, completions, encoding, splitColumn, teachers }: Reading,
): Promise<OpenedSplit> {
  const options: ReadOptions = { split, ...(completions === null ? {} : { completions }) };
  const paths = listOfPaths(files);
  const data = concatenate(await openFiles(paths, { ...options, map, splitColumn }, encoding));
  const named = listOfPaths(rationales);
  if (named.length === 0) return { data, teachers: [] };
  const taught = (await openFiles(named, { ...options, map: rationalesMap }, encoding)).map(asRationales);
  const several = data.kind === 'dataset' ? teachersOf(data, taught) : taught;
  if (typeof teachers === 'object' && !several.some(({ file }) => file === teachers.file)) {
    throw new InputError(
      `“${teachers.file}” is none of the teacher’s files.`,
      `Name one of ${listed(several.map(({ file }) => file))}, or say cycle, vote or right.`,
    );
  }
  return { data, teachers: several.map((one) => ({ rationales: one })) };
}

/** The rows of one split as they are trained on. @throws InputError where rationales seem to belong to other rows. */
export async function joinSplit(
  files: Paths,
  rationales: Paths,
  split: Split,
  reading: Reading,
): Promise<Joined & { splitOf: DatasetFile['splitOf'] | null }> {
  const { data, teachers } = await openSplit(files, rationales, split, reading);
  const dataset = asDataset(data);
  const joined = joinTeacher(dataset, teachers, reading);
  if (joined.alarm?.asks && !reading.unaligned) {
    throw new InputError(
      joined.alarm.text,
      'Name the rationales of these rows, in their order; --unaligned joins them as they are.',
      { file: joined.alarm.of.file },
    );
  }
  return { ...joined, splitOf: dataset.splitOf ?? null };
}

async function openFiles(
  paths: readonly string[],
  options: ReadOptions,
  encoding: string | null,
): Promise<DataFile[]> {
  const files: DataFile[] = [];
  const here: string[] = [];
  for (const path of paths) here.push(...(await dataFiles(path, options.split ?? 'train')));
  for (const path of sortChunks(here)) {
    const how = encoding === null ? {} : { encoding };
    const all = await openSources(path, await openParts(path), how);
    // An archive of several splits gives the one that is asked for.
    const named = options.split === undefined ? [] : ofSplit(options.split, all, ({ file }) => file);
    for (const source of all.length > 1 && named.length > 0 ? named : all)
      files.push(
        source.kind === 'stream'
          ? await readStream(source.stream, options)
          : readContainer(source.container, options),
      );
  }
  return files;
}
