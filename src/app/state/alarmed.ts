import { splits as splitNames } from '../../data/split-name.ts';
import type { DatasetRecord } from '../../store/records.ts';

/** Whether rationales seem to belong to other rows, and the person has not decided what to do with them. */
export function alarmed({ splits }: DatasetRecord): boolean {
  return splitNames.some((split) => splits[split]?.alarm !== undefined);
}
