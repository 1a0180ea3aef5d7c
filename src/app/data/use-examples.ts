import { useEffect, useState } from 'react';
import type { Example } from '../../data/example.ts';
import { readExamplePage } from '../../store/datasets.ts';
import type { Split } from '../../store/records.ts';
import { studio } from '../state/studio.ts';

/**
 * A page of examples from the store; the last one stays until the next one is there.
 * @param stamp Changes whenever the stored rows may have.
 */
export function useExamples(
  datasetId: string,
  split: Split,
  start: number,
  count: number,
  stamp: unknown,
): Example[] | null {
  const [examples, setExamples] = useState<Example[] | null>(null);
  useEffect(() => {
    let current = true;
    readExamplePage(datasetId, split, start, count)
      .then((page) => {
        if (current) setExamples(page);
      })
      .catch((error: unknown) => studio.fail('data', error));
    return () => {
      current = false;
    };
  }, [datasetId, split, start, count, stamp]);
  return examples;
}
