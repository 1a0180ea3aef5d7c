/** Dispatches of attention over whole sequences. */
import { EngineError } from '../../base/errors.ts';
import { tileRows } from '../plan/plan.ts';
import type { Attention, AttentionBackward } from '../plan/operations.ts';
import { dispatch, dropoutParts, read, write, type Binding, type Dispatch, type Grid } from './dispatch.ts';
import backwardSource from './kernels/attention-backward.wgsl?raw';
import tile from './kernels/attention-tile.wgsl?raw';
import forwardSource from './kernels/attention.wgsl?raw';
import { extentWord } from './run-block.ts';

/** Columns of a head at most: two tiles of it must fit into 16 KiB of workgroup memory. */
const maxHeadSize = 128;

function constantsOf(headSize: number) {
  if (headSize > maxHeadSize) {
    throw new EngineError(
      `Heads of ${headSize} columns are more than the GPU engine can hold (${maxHeadSize}).`,
      'Choose the engine wasm or tfjs for this student.',
    );
  }
  const threads = headSize > 64 ? 32 : 64;
  return {
    ...{ HEAD: headSize, THREADS: threads },
    ...{ SUBS: threads / tileRows, GROUPS: threads / 4, STEPS: Math.ceil(headSize / (threads / 4)) },
  };
}

/** What both directions are told of the sequences. */
function shapeParams(operation: Attention | AttentionBackward) {
  const { heads, tileCount, sequences, tiles, querySequences, keySequences, probabilities } = operation;
  const [, capacity, maxKeys] = probabilities.shape as [number, number, number];
  return {
    ...{ heads, tileCount: extentWord(tileCount), sequences: extentWord(sequences), tiles: tiles.offset },
    ...{ querySequences: querySequences.offset, keySequences: keySequences.offset, capacity, maxKeys },
    inner: operation.context.shape[1]!,
  };
}

function columnParams(operation: Attention | AttentionBackward) {
  const { q, k, v } = operation;
  return {
    ...{ q: q.from, k: k.from, v: v.from },
    ...{ qStride: q.of.shape[1]!, kStride: k.of.shape[1]!, vStride: v.of.shape[1]! },
  };
}

function foldTiles(tiles: number, heads: number, roles = 1): Grid {
  return [Math.min(tiles, 65_535), heads, Math.ceil(tiles / 65_535) * roles];
}

export function attention(operation: Attention): Dispatch {
  const { q, k, v, bias, probabilities, context, dropout, causal, heads, headSize, tileCount } = operation;
  const drop = dropoutParts(dropout);
  return dispatch({
    ...{
      source: `${tile}${forwardSource}`,
      label: 'attention',
      tables: 'read',
      constants: constantsOf(headSize),
    },
    flags: [...drop.flags, ...(causal ? ['CAUSAL'] : []), ...(bias === null ? [] : ['BIAS'])],
    bindings: [
      ...[read('q', q.of), read('k', k.of), read('v', v.of)],
      ...(bias === null ? [] : [read('bias', bias.weight)]),
      ...[write('probabilities', probabilities), write('context', context)],
    ],
    params: {
      ...{ ...shapeParams(operation), ...columnParams(operation), ...drop.params },
      ...(bias === null ? {} : { buckets: bias.buckets.offset, maxLength: (bias.buckets.length + 1) / 2 }),
    },
    grid: (counts) => foldTiles(counts[tileCount], heads),
  });
}

/** One dispatch with both roles where eight buffers are enough for it, else one for each. */
export function attentionBackward(operation: AttentionBackward): Dispatch[] {
  const { q, k, v, dq, dk, dv, biasPartials, tileCount, heads, sequences, probabilities } = operation;
  const tilesEach = Math.ceil(probabilities.shape[2]! / tileRows);
  const keyTiles = (counts: Parameters<Dispatch['grid']>[0]) => counts[sequences] * tilesEach;
  const saved = [
    read('dContext', operation.dContext),
    read('context', operation.context),
    read('probabilities', probabilities),
  ];
  const diagonals = biasPartials === null ? [] : [write('diagonals', biasPartials)];
  const ofQueries = [read('k', k.of), read('v', v.of), ...saved, write('dq', dq.of), ...diagonals];
  const ofKeys = [read('q', q.of), read('v', v.of), ...saved, write('dk', dk.of), write('dv', dv.of)];
  const both = [...ofQueries, ...ofKeys.filter(({ name }) => !ofQueries.some((one) => one.name === name))];
  if (new Set(both.map(({ tensor }) => placeKey(tensor))).size <= 7) {
    return [
      backward(operation, both, ['QUERIES', 'KEYS'], (counts) =>
        foldTiles(Math.max(counts[tileCount], keyTiles(counts)), heads, 2),
      ),
    ];
  }
  return [
    backward(operation, ofQueries, ['QUERIES'], (counts) => foldTiles(counts[tileCount], heads)),
    backward(operation, ofKeys, ['KEYS'], (counts) => foldTiles(keyTiles(counts), heads)),
  ];
}

function placeKey({ place }: Binding['tensor']): string {
  return place.kind === 'slot' ? `slot ${place.slot}` : `${place.slab} ${place.part}`;
}

function backward(
  operation: AttentionBackward,
  bindings: readonly Binding[],
  roles: readonly string[],
  grid: Dispatch['grid'],
): Dispatch {
  const { dq, dk, dv, biasPartials, accumulate, dropout, causal, headSize } = operation;
  const drop = dropoutParts(dropout);
  const columns = columnParams(operation);
  const own = { dq: dq.from, dk: dk.from, dv: dv.from };
  const bound = new Set(bindings.map(({ name }) => name));
  const isBound = ([name]: [string, number]) =>
    bound.has(name) || !['q', 'k', 'v', 'dq', 'dk', 'dv'].includes(name);
  return dispatch({
    ...{ source: `${tile}${backwardSource}`, label: 'attentionBackward', tables: 'read', bindings, grid },
    constants: constantsOf(headSize),
    flags: [
      ...[...roles, ...drop.flags],
      ...(causal ? ['CAUSAL'] : []),
      ...(biasPartials === null ? [] : ['DIAGONALS']),
      ...(accumulate === 'always' ? ['ADDS'] : []),
    ],
    params: {
      ...{ ...shapeParams(operation), ...drop.params },
      ...Object.fromEntries(Object.entries({ ...columns, ...own }).filter(isBound)),
      ...{ dqStride: dq.of.shape[1]!, dkStride: dk.of.shape[1]!, dvStride: dv.of.shape[1]! },
      ...(biasPartials === null ? {} : { maxLength: (biasPartials.shape[2]! + 1) / 2 }),
    },
  });
}
