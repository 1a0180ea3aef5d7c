/** What the campaign found, a line a try, between the tests and the table. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Finding {
  fault: string;
  /** Steps on the screen that had to be taken again; null where no run was under way. */
  lostSteps: number | null;
  /** From the fault until the next step was on the screen; null where nothing was to be trained. */
  secondsToTraining: number | null;
}

/** A figure of the soak, or of what checkpoints cost. */
export interface Measure {
  what: string;
  figure: string;
}

const file = join(import.meta.dirname, '../build/faults/findings.jsonl');

export function note(found: Finding | Measure): void {
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(found)}\n`);
}

const held: Finding[] = [];

/** A try whose run has not ended yet: noted once it has ended as it should. */
export function hold(found: Finding): void {
  held.push(found);
}

export function noteHeld(): void {
  for (const found of held.splice(0)) note(found);
}

export function findings(): (Finding | Measure)[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Finding | Measure);
}
