/** Rows as a command's options name them: read, put together, joined with the teacher's. */
import { InputError } from '../base/errors.ts';
import { openContainers } from '../data/containers.ts';
import { parseColumnMap, type ColumnMap } from '../data/column-map.ts';
import { completionModes, type CompletionMode } from '../data/completions.ts';
import { parseFixes } from '../data/fixes.ts';
import { parseMetric } from '../data/metrics/metrics.ts';
import { joinTeacher, type Joined, type JoinOptions } from '../data/join.ts';
import {
  asDataset,
  asRationales,
  readContainer,
  type DataFile,
  type RationalesFile,
  type ReadOptions,
} from '../data/read-file.ts';
import { concatenate, sortChunks } from '../data/several-files.ts';
import { ofSplit, splits, type Split } from '../data/split-name.ts';
import { oneOf } from './arguments.ts';
import { readBytes } from './files.ts';

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
}

/** Options that name files of rows, or of a teacher's answers to them. */
export const fileOptions = splits.flatMap((split) => [split, `${split}-rationales`] as const);
export type FileOption = (typeof fileOptions)[number];

/** How files are read and joined. */
export interface Reading extends JoinOptions {
  map: ColumnMap | null;
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
    completions: oneOf('completions', options.completions, completionModes),
    encoding: options.encoding ?? null,
    onlyMatching: options['only-matching'] ?? false,
    unaligned: options.unaligned ?? false,
    fixes: options.fix === undefined ? [] : parseFixes(options.fix),
    ...(options.metric === undefined ? {} : { metric: parseMetric(options.metric) }),
  };
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

/** The files of one split, read but not joined. The map is the dataset's: a teacher's file is read by its own columns. */
export async function openSplit(
  files: Paths,
  rationales: Paths,
  split: Split,
  { map, completions, encoding }: Reading,
): Promise<{ data: DataFile; rationales: RationalesFile | null }> {
  const options: ReadOptions = { split, ...(completions === null ? {} : { completions }) };
  const data = await openFiles(listOfPaths(files), { ...options, map }, encoding);
  const teacher = listOfPaths(rationales);
  return {
    data,
    rationales: teacher.length === 0 ? null : asRationales(await openFiles(teacher, options, encoding)),
  };
}

/** The rows of one split as they are trained on. @throws InputError where rationales seem to belong to other rows. */
export async function joinSplit(
  files: Paths,
  rationales: Paths,
  split: Split,
  reading: Reading,
): Promise<Joined> {
  const opened = await openSplit(files, rationales, split, reading);
  const joined = joinTeacher(asDataset(opened.data), opened.rationales, reading);
  if (joined.alarm?.asks && !reading.unaligned) {
    throw new InputError(
      joined.alarm.text,
      'Name the rationales of these rows, in their order; --unaligned joins them as they are.',
      { file: opened.rationales?.file },
    );
  }
  return joined;
}

async function openFiles(
  paths: readonly string[],
  options: ReadOptions,
  encoding: string | null,
): Promise<DataFile> {
  const files: DataFile[] = [];
  for (const path of sortChunks(paths)) {
    const all = await openContainers(path, await readBytes(path), encoding === null ? {} : { encoding });
    // An archive of several splits gives the one that is asked for.
    const named = options.split === undefined ? [] : ofSplit(options.split, all, ({ file }) => file);
    const containers = all.length > 1 && named.length > 0 ? named : all;
    for (const container of containers) files.push(readContainer(container, options));
  }
  return concatenate(files);
}
