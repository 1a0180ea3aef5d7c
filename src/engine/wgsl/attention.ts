/**
 * Dispatches of attention over whole sequences: by tiles that threads share in workgroup memory, or, on adapters in
 * software, by quads, which need fewer loads and no barriers.
 */
import { EngineError } from '../../base/errors.ts';
import { tileRows } from '../plan/plan.ts';
import type { Attention, AttentionBackward } from '../plan/operations.ts';
import {
  dispatch,
  dropoutParts,
  read,
  write,
  type Binding,
  type Dispatch,
  type Grid,
  type Sharing,
  type SharingChoice,
} from './dispatch.ts';
import backwardQuadsOfKeys from './kernels/attention-backward-quad-keys.wgsl?raw';
import backwardQuadsOfQueries from './kernels/attention-backward-quad-queries.wgsl?raw';
import backwardTiles from './kernels/attention-backward.wgsl?raw';
import bias from './kernels/attention-bias.wgsl?raw';
import columns from './kernels/attention-columns.wgsl?raw';
import forwardQuads from './kernels/attention-quad.wgsl?raw';
import roles from './kernels/attention-roles.wgsl?raw';
import tile from './kernels/attention-tile.wgsl?raw';
import forwardTiles from './kernels/attention.wgsl?raw';
import { extentWord } from './run-block.ts';

/** Columns of a head at most: two tiles of it must fit into 16 KiB of workgroup memory. */
const maxHeadSize = 128;
/** With more columns a lane of a quad has more sums than any processor keeps at hand. */
const maxQuadHeadSize = 64;

/** How a kernel of attention is cut up: by threads that share memory, or by so many quads, each with a head of its own. */
interface Cut {
  sharing: Sharing;
  quads: number;
  /** Four columns are loaded and stored at once: one place is computed for them, and a loop carries its sums a quarter as often. */
  fours: boolean;
}

function constantsOf(headSize: number, { sharing, quads, fours }: Cut) {
  // Kernels by quads are told the width when they run: one is compiled for all widths of as many steps, and none is
  // unrolled over a whole head.
  if (sharing === 'quad') {
    const steps = Math.ceil(headSize / 16);
    // A loop over more columns would be longer than a processor's first cache of instructions holds.
    const each = steps % 2 === 0 ? 2 : 1;
    return {
      THREADS: 4 * quads,
      HEADS_EACH: quads,
      STEPS: steps,
      STEPS_EACH: each,
      STEP_LOOPS: steps / each,
      AT_ONCE: fours ? 4 : 1,
    };
  }
  if (headSize > maxHeadSize) {
    throw new EngineError(
      `Heads of ${headSize} columns are more than the GPU engine can hold (${maxHeadSize}).`,
      'Choose the engine wasm or tfjs for this student.',
    );
  }
  const threads = headSize > 64 ? 32 : 64;
  return {
    HEAD: headSize,
    THREADS: threads,
    SUBS: threads / tileRows,
    GROUPS: threads / 4,
    STEPS: Math.ceil(headSize / (threads / 4)),
  };
}

/** What both directions are told of the sequences. */
function shapeParams(operation: Attention | AttentionBackward) {
  const { heads, headSize, tileCount, sequences, tiles, querySequences, keySequences, probabilities } =
    operation;
  const [, capacity, maxKeys] = probabilities.shape as [number, number, number];
  return {
    heads,
    headSize,
    tileCount: extentWord(tileCount),
    sequences: extentWord(sequences),
    tiles: tiles.offset,
    querySequences: querySequences.offset,
    keySequences: keySequences.offset,
    capacity,
    maxKeys,
    inner: operation.context.shape[1]!,
  };
}

function columnParams(operation: Attention | AttentionBackward) {
  const { q, k, v } = operation;
  return {
    q: q.from,
    k: k.from,
    v: v.from,
    qStride: q.of.shape[1]!,
    kStride: k.of.shape[1]!,
    vStride: v.of.shape[1]!,
  };
}

function foldTiles(tiles: number, heads: number, roles = 1): Grid {
  return [Math.min(tiles, 65_535), heads, Math.ceil(tiles / 65_535) * roles];
}

/** Quads where they are asked for and heads are not too wide; no more of them than divide the heads. */
function cutFor({ sharing, quads = 1 }: SharingChoice, operation: Attention | AttentionBackward): Cut {
  const { heads, headSize } = operation;
  if (sharing === 'workgroup' || headSize > maxQuadHeadSize)
    return { sharing: 'workgroup', quads: 1, fours: false };
  return {
    sharing,
    quads: heads % quads === 0 ? quads : 1,
    fours: headSize % 4 === 0 && areFours(operation),
  };
}

/** Whether all that has a head's columns or a query's keys has whole fours: rows, and where they begin. */
function areFours(operation: Attention | AttentionBackward): boolean {
  const { q, k, v, context } = operation;
  const backward = operation.kind === 'attentionBackward' ? operation : null;
  const columns = [q, k, v, ...(backward === null ? [] : [backward.dq, backward.dk, backward.dv])];
  const whole = [context, ...(backward === null ? [] : [backward.dContext])];
  const { offset, shape } = operation.probabilities;
  if (offset % 4 !== 0 || shape[2]! % 4 !== 0) return false;
  return [...columns, ...whole.map((of) => ({ of, from: 0 }))].every(
    ({ of, from }) => (of.offset + from) % 4 === 0 && of.shape[1]! % 4 === 0,
  );
}

/** What has a head's columns or a query's keys, as the kernel sees it. */
function inFours(bindings: readonly Binding[], { fours }: Cut): Binding[] {
  const others = ['bias', 'diagonals'];
  return bindings.map((one) => (fours && !others.includes(one.name) ? { ...one, vector: true } : one));
}

/** Kernels by quads are told more when they run, and are fewer. */
function sharingFlags({ sharing, fours }: Cut, causal: boolean): string[] {
  if (sharing === 'quad') return ['QUAD', ...(fours ? ['FOURS'] : [])];
  return causal ? ['CAUSAL'] : [];
}

/** @param asked Quads need the device feature `subgroups`. */
export function attention(operation: Attention, asked: SharingChoice): Dispatch {
  const { q, k, v, probabilities, context, dropout, causal, heads, headSize, tileCount } = operation;
  const added = operation.bias;
  const cut = cutFor(asked, operation);
  const { sharing } = cut;
  const drop = dropoutParts(dropout);
  return dispatch({
    source: `${tile}${bias}${sharing === 'quad' ? columns + forwardQuads : forwardTiles}`,
    label: `attention (${sharing})`,
    tables: 'read',
    constants: constantsOf(headSize, cut),
    subgroups: sharing === 'quad',
    flags: [...drop.flags, ...sharingFlags(cut, causal), ...(added === null ? [] : ['BIAS'])],
    bindings: inFours(
      [
        read('q', q.of),
        read('k', k.of),
        read('v', v.of),
        ...(added === null ? [] : [read('bias', added.weight)]),
        write('probabilities', probabilities),
        write('context', context),
      ],
      cut,
    ),
    params: {
      ...shapeParams(operation),
      ...columnParams(operation),
      ...drop.params,
      ...(sharing === 'quad' ? { causal: Number(causal) } : {}),
      ...(added === null ? {} : { buckets: added.buckets.offset, maxLength: (added.buckets.length + 1) / 2 }),
    },
    grid: (counts) => foldTiles(counts[tileCount], heads / cut.quads),
  });
}

/** One dispatch with both roles where eight buffers are enough for it, else one for each. */
export function attentionBackward(operation: AttentionBackward, asked: SharingChoice): Dispatch[] {
  const cut = cutFor(asked, operation);
  const { q, k, v, dq, dk, dv, biasPartials, tileCount, sequences, probabilities } = operation;
  const heads = operation.heads / cut.quads;
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
      backward(operation, cut, both, ['QUERIES', 'KEYS'], (counts) =>
        foldTiles(Math.max(counts[tileCount], keyTiles(counts)), heads, 2),
      ),
    ];
  }
  return [
    backward(operation, cut, ofQueries, ['QUERIES'], (counts) => foldTiles(counts[tileCount], heads)),
    backward(operation, cut, ofKeys, ['KEYS'], (counts) => foldTiles(keyTiles(counts), heads)),
  ];
}

function placeKey({ place }: Binding['tensor']): string {
  return place.kind === 'slot' ? `slot ${place.slot}` : `${place.slab} ${place.part}`;
}

function backward(
  operation: AttentionBackward,
  cut: Cut,
  bindings: readonly Binding[],
  parts: readonly string[],
  grid: Dispatch['grid'],
): Dispatch {
  const { sharing } = cut;
  const { dq, dk, dv, biasPartials, accumulate, dropout, causal, headSize } = operation;
  const drop = dropoutParts(dropout);
  const adds = accumulate === 'always';
  const places = columnParams(operation);
  const own = { dq: dq.from, dk: dk.from, dv: dv.from };
  const bound = new Set(bindings.map(({ name }) => name));
  const isBound = ([name]: [string, number]) =>
    bound.has(name) || !['q', 'k', 'v', 'dq', 'dk', 'dv'].includes(name);
  return dispatch({
    source: `${tile}${sharing === 'quad' ? columns + backwardQuadsOfQueries + backwardQuadsOfKeys : backwardTiles}${roles}`,
    label: `attentionBackward (${sharing})`,
    tables: 'read',
    bindings: inFours(bindings, cut),
    grid,
    constants: constantsOf(headSize, cut),
    subgroups: sharing === 'quad',
    flags: [
      ...parts,
      ...drop.flags,
      ...sharingFlags(cut, causal),
      ...(biasPartials === null ? [] : ['DIAGONALS']),
      ...(sharing === 'workgroup' && adds ? ['ADDS'] : []),
    ],
    params: {
      ...shapeParams(operation),
      ...drop.params,
      ...(sharing === 'quad' ? { causal: Number(causal) } : {}),
      ...(sharing === 'quad' && biasPartials !== null ? { adds: Number(adds) } : {}),
      ...Object.fromEntries(Object.entries({ ...places, ...own }).filter(isBound)),
      dqStride: dq.of.shape[1]!,
      dkStride: dk.of.shape[1]!,
      dvStride: dv.of.shape[1]!,
      ...(biasPartials === null ? {} : { maxLength: (biasPartials.shape[2]! + 1) / 2 }),
    },
  });
}
