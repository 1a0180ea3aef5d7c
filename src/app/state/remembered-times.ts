/**
 * What steps took on this machine, kept over reloads: of rehearsals, and of runs as they went. A time holds for runs of
 * the same key (`timingKey`, `rehearsalKey`), and roughly, by their work, for others.
 */
import { create } from 'zustand';
import { z } from '../../base/schemas.ts';
import { keepChoice, readChoice } from './choices.ts';

const timeSchema = z.object({
  stepMs: z.number().positive(),
  rowMs: z.number().nullable(),
  /** A measurement's engine in words, or the run that it was seen in. */
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('measured'), engine: z.string() }),
    z.object({ kind: z.literal('run'), name: z.string() }),
  ]),
  /** Of a step, in any unit that is the same for all: see `stepWork`. */
  work: z.number().positive(),
});

export type RememberedTime = z.infer<typeof timeSchema>;

/** So many are kept, the newest. */
const mostKept = 40;

const storedSchema = z.array(z.tuple([z.string(), timeSchema])).max(mostKept);

/** Oldest first. */
export type RememberedTimes = ReadonlyMap<string, RememberedTime>;

export const useRemembered = create<{ times: RememberedTimes }>(() => ({
  times: parseTimes(readChoice('step-times')),
}));

/** What was stored; nothing where it is none of ours. */
export function parseTimes(text: string | null): RememberedTimes {
  try {
    return new Map(storedSchema.parse(JSON.parse(text ?? '[]')));
  } catch {
    return new Map();
  }
}

/** Keeps a time in the place of an earlier one of its key. */
export function remember(key: string, time: RememberedTime): void {
  const others = [...useRemembered.getState().times].filter(([one]) => one !== key);
  const times = [...others, [key, time] as const].slice(-mostKept);
  useRemembered.setState({ times: new Map(times) });
  keepChoice('step-times', JSON.stringify(times));
}

/** Parameters times the tokens of a step: what its time grows with. */
export function stepWork(
  parameters: number,
  { batchSize, accumulation }: { batchSize: number; accumulation: number },
  { inputTokens, targetTokens }: { inputTokens: number; targetTokens: number },
): number {
  return parameters * batchSize * accumulation * (inputTokens + targetTokens);
}

/** A step of so much work, by the newest time that is known; null where none is. */
export function roughStepMs(times: RememberedTimes, work: number): number | null {
  const last = [...times.values()].at(-1);
  return last === undefined ? null : last.stepMs * (work / last.work);
}
