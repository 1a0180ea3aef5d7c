import { useEffect, useMemo, useState } from 'react';
import type { Example } from '../../data/example.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { readExamplePage } from '../../store/datasets.ts';
import type { RunRecord } from '../../store/records.ts';
import type { KnownRow } from '../state/asked-store.ts';
import { studio } from '../state/studio.ts';
import { useStudio } from '../state/studio-store.ts';
import { rowsToTry, type TryRow } from './try-rows.ts';

export interface TestRows {
  toTry: readonly TryRow[];
  /** The row whose input a question is; null for a question of one's own, as far as is known. */
  find: (question: string) => KnownRow | null;
  /** Any of them; null where there is none. */
  any: () => Promise<KnownRow | null>;
}

const firstRows = 4;

function knownRow({ row, input, label, teacherLabel, rationale }: Example): KnownRow {
  return { row, input, label, teacher: teacherLabel, teacherRationale: rationale };
}

/** Test rows of a run: those that were compared, else the first of its dataset. */
export function useTestRows(run: RunRecord, predictions: readonly Prediction[] | null): TestRows {
  const { datasetId } = run;
  const total = useStudio(
    ({ datasets }) => datasets.find(({ id }) => id === datasetId)?.splits.test?.rows ?? 0,
  );
  const [first, setFirst] = useState<readonly KnownRow[]>([]);
  const compared = predictions !== null && predictions.length > 0 ? predictions : null;
  useEffect(() => {
    if (compared !== null || total === 0) return;
    let current = true;
    readExamplePage(datasetId, 'test', 0, firstRows).then(
      (examples) => {
        if (current) setFirst(examples.map(knownRow));
      },
      (error: unknown) => studio.fail('ask', error),
    );
    return () => {
      current = false;
    };
  }, [compared, datasetId, total]);
  return useMemo(() => {
    const rows = compared ?? first;
    const byInput = new Map(rows.map((row) => [row.input.trim(), row]));
    return {
      toTry:
        compared === null ? first.map((row) => ({ why: 'test row', row }) as const) : rowsToTry(compared),
      find: (question) => byInput.get(question.trim()) ?? null,
      any: async () => {
        if (compared !== null) return compared[Math.floor(Math.random() * compared.length)]!;
        const at = Math.floor(Math.random() * total);
        const [example] = total === 0 ? [] : await readExamplePage(datasetId, 'test', at, 1);
        return example === undefined ? null : knownRow(example);
      },
    };
  }, [compared, first, datasetId, total]);
}
