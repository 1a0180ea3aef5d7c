/** A state that is read piece by piece, so that it is never held twice. */
import type { Weights } from '../student/config.ts';
import {
  stateGroups,
  stateOf,
  type EngineState,
  type StateGroup,
  type StateSource,
  type StateTensor,
} from './engine.ts';

export type { StateSource, StateTensor };

/** Floats of a piece: 8 MB. */
export const pieceLength = 2 ** 21;

/** A state that is in memory already. */
export function sourceOf(state: EngineState): StateSource {
  const named = (group: StateGroup): Weights => state[group] ?? new Map<string, Float32Array>();
  return {
    step: state.step,
    tensors: stateGroups.flatMap((group) =>
      [...named(group)].map(([name, { length }]) => ({ group, name, length })),
    ),
    // eslint-disable-next-line @typescript-eslint/require-await -- the values are in memory, and the interface is asynchronous
    async *pieces({ group, name }) {
      const values = named(group).get(name)!;
      for (let from = 0; from < values.length; from += pieceLength)
        yield values.subarray(from, from + pieceLength);
    },
  };
}

/** The same without the optimiser's averages: after the last step nothing asks for them again. */
export function weightsAlone(source: StateSource): StateSource {
  return { ...source, tensors: source.tensors.filter(({ group }) => group === 'weights') };
}

/** How often reading says how far it is. */
const tellEveryMs = 100;

/**
 * The same, read to be told how far it is.
 * @param tell Told how many bytes are read, of how many.
 * @param signal Ends the reading, with its reason, between two pieces.
 */
export function readTold(
  source: StateSource,
  tell: (done: number, total: number) => void,
  signal: AbortSignal | null = null,
): StateSource {
  const total = 4 * source.tensors.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  let toldAt = -Infinity;
  return {
    ...source,
    async *pieces(tensor) {
      for await (const piece of source.pieces(tensor)) {
        signal?.throwIfAborted();
        yield piece;
        done += piece.byteLength;
        const now = performance.now();
        if (done < total && now - toldAt < tellEveryMs) continue;
        toldAt = now;
        tell(done, total);
      }
    },
  };
}

/** All of it as a copy. */
export async function readState(source: StateSource): Promise<EngineState> {
  const state = stateOf(new Map(), source.step);
  for (const tensor of source.tensors) {
    const values = new Float32Array(tensor.length);
    let from = 0;
    for await (const piece of source.pieces(tensor)) {
      values.set(piece, from);
      from += piece.length;
    }
    (state[tensor.group] ??= new Map<string, Float32Array>()).set(tensor.name, values);
  }
  return state;
}
