import { useEffect, useState } from 'react';
import type { Example } from '../../data/example.ts';
import { isCorrect } from '../../distill/score.ts';
import { readExamplePage } from '../../store/datasets.ts';
import type { Split } from '../../store/records.ts';
import { studio } from '../state/studio.ts';

/** Which rows are shown. */
export interface ExampleFilter {
  /** In any of a row's texts, whatever its case; blank for all. */
  text: string;
  only: 'all' | 'teacher-wrong';
  /** Positions in the file; null for all. */
  rows: ReadonlySet<number> | null;
}

export interface FoundExamples {
  /** Of the page that is shown. */
  examples: Example[];
  /** How many there are; as many as were found so far while it searches. */
  total: number;
  searching: boolean;
}

/** Rows that are looked through between two answers to the page. */
const sliceLength = 500;

function matches(example: Example, { text, only, rows }: ExampleFilter): boolean {
  if (rows !== null && !rows.has(example.row)) return false;
  if (
    only === 'teacher-wrong' &&
    (example.teacherLabel === null || isCorrect(example.teacherLabel, example.label))
  )
    return false;
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  return [example.input, example.label, example.rationale ?? '', example.teacherLabel ?? ''].some((one) =>
    one.toLowerCase().includes(wanted),
  );
}

function isAll({ text, only, rows }: ExampleFilter): boolean {
  return text.trim() === '' && only === 'all' && rows === null;
}

/**
 * A page of a split's examples that a filter lets through, from the store; the last one stays until the next is there.
 * @param stamp Changes whenever the stored rows may have.
 */
export function useExamples(
  { datasetId, split, total }: { datasetId: string; split: Split; total: number },
  filter: ExampleFilter,
  start: number,
  count: number,
  stamp: unknown,
): FoundExamples | null {
  const [found, setFound] = useState<FoundExamples | null>(null);
  useEffect(() => {
    let current = true;
    const look = async (): Promise<void> => {
      if (isAll(filter)) {
        const examples = await readExamplePage(datasetId, split, start, count);
        if (current) setFound({ examples, total, searching: false });
        return;
      }
      const examples: Example[] = [];
      let matching = 0;
      for (let from = 0; from < total; from += sliceLength) {
        for (const example of await readExamplePage(datasetId, split, from, sliceLength)) {
          if (!matches(example, filter)) continue;
          if (matching >= start && examples.length < count) examples.push(example);
          matching += 1;
        }
        if (!current) return;
        setFound({ examples: [...examples], total: matching, searching: from + sliceLength < total });
      }
    };
    look().catch((error: unknown) => studio.fail('data', error));
    return () => {
      current = false;
    };
  }, [datasetId, split, total, filter, start, count, stamp]);
  return found;
}
