/**
 * The comparison on one GPU: each contender is opened and checked, then all take their steps in turns, so that what
 * disturbs the machine disturbs all of them.
 */
import { reportError } from '../src/base/errors.ts';
import { makeBatch, makeInputs, makeStudent, makeUpdate, type Case } from '../src/bench/cases.ts';
import type { EngineLabel } from '../src/bench/measure.ts';
import { summarise, type Timing } from '../src/bench/timing.ts';
import {
  checkedSteps,
  compareRuns,
  refusal,
  runChecked,
  type CheckedRun,
  type Differences,
} from './check.ts';
import { asContender, type Contender, type ContenderKind } from './contender.ts';
import { allThreads, openWasm } from './engines.ts';
import { countFor, startCounting, type GpuCounts } from './gpu-counters.ts';

export interface GpuRow {
  engine: EngineLabel;
  timing: Timing;
  /** From the student's weights to the end of the first step, less a step. */
  compileMs: number;
  /** JavaScript to encode a step, median; null where the engine does not tell. */
  encodeMs: number | null;
  /** The plan's matrix products alone, median, by the median of a step; null where the engine has no plan. */
  roofShare: number | null;
  /** Of one step, the last. */
  dispatches: number;
  submits: number;
  /** After the last step, before anything is generated. */
  bytesHeld: number;
  /** From the second step to the last. */
  bytesGrown: number;
  differences: Differences;
  /** Greedy; null for what only trains, and where it was not asked for. */
  tokensPerSecond: number | null;
}

export interface GpuReport {
  rows: GpuRow[];
  /** Contenders without a row, and why. */
  leftOut: { engine: EngineLabel; why: string }[];
}

export interface GpuOptions {
  kinds: readonly ContenderKind[];
  measuresGeneration: boolean;
  /** Told what happens, a line at a time. */
  progress: (line: string) => void;
}

interface Entrant {
  kind: ContenderKind;
  contender: Contender;
  counts: GpuCounts;
  differences: Differences;
  /** From opening to the end of the first step. */
  firstMs: number;
  warmMs: number;
  /** After the checked steps, and after the last of all steps. */
  bytesBefore: number;
  bytesAfter: number;
  stepMs: number[];
  encodeMs: number[];
  roofMs: number[];
  dispatches: number;
  submits: number;
}

/** What all rounds together should take: a machine that does other work now and then shows in few of them. */
const budgetMs = 90_000;

/** Steps that are timed, by how long all contenders together take for one each. */
export function roundsFor(roundMs: number, { steps }: Case): number {
  return Math.min(steps, Math.max(3, Math.round(budgetMs / roundMs)));
}

export async function measureGpu(one: Case, options: GpuOptions): Promise<GpuReport> {
  const { progress } = options;
  await startCounting();
  const student = makeStudent(one);
  const batch = makeBatch(one);
  progress(`${one.model}: the wasm engine's steps, to check against`);
  const { engine, close } = await openWasm(student, allThreads);
  const expected = await runChecked(asContender(engine), batch);
  close();

  const entrants: Entrant[] = [];
  const leftOut: GpuReport['leftOut'] = [];
  try {
    for (const kind of options.kinds) {
      progress(`${one.model}: ${kind.label} is opened and checked`);
      try {
        const entrant = await enter(kind, one, expected);
        entrants.push(entrant);
        const why = refusal(entrant.differences);
        if (why === null) continue;
        entrants.pop();
        entrant.contender.close();
        leftOut.push({ engine: kind.label, why });
      } catch (error) {
        // One contender that fails must not take the others' figures with it.
        leftOut.push({ engine: kind.label, why: reportError(error).message });
      }
    }
    const roundMs = entrants.reduce((sum, { warmMs }) => sum + warmMs, 0);
    const rounds = roundsFor(roundMs, one);
    for (let round = 1; round <= rounds; round += 1) {
      for (const entrant of entrants) {
        await takeStep(entrant, one, checkedSteps + round);
        const ms = entrant.stepMs.at(-1)!;
        if (ms > 500)
          progress(`${one.model}: step ${round} of ${rounds}, ${entrant.kind.label}: ${ms.toFixed(0)} ms`);
      }
    }
    const rows: GpuRow[] = [];
    for (const entrant of entrants) {
      rows.push(
        rowOf(entrant, options.measuresGeneration ? await measureGeneration(entrant, one, progress) : null),
      );
    }
    return { rows, leftOut };
  } finally {
    for (const { contender } of entrants) contender.close();
  }
}

/** Opens a contender and takes the checked steps, which warm it up as well. */
async function enter(kind: ContenderKind, one: Case, expected: CheckedRun): Promise<Entrant> {
  const counts: GpuCounts = { dispatches: 0, submits: 0, bytesHeld: 0 };
  countFor(counts);
  const student = makeStudent(one);
  const opened = performance.now();
  const contender = await kind.open(student, one);
  try {
    const times: number[] = [];
    let firstMs = 0;
    const run = await runChecked(
      {
        step: async (batch, update) => {
          const start = performance.now();
          const result = await contender.step(batch, update);
          times.push(performance.now() - start);
          if (times.length === 1) firstMs = performance.now() - opened;
          return result;
        },
        read: () => contender.read(),
      },
      makeBatch(one),
    );
    return {
      kind,
      contender,
      counts,
      firstMs,
      differences: compareRuns(run, expected, student.weights),
      warmMs: times.at(-1)!,
      bytesBefore: counts.bytesHeld,
      bytesAfter: counts.bytesHeld,
      stepMs: [],
      encodeMs: [],
      roofMs: [],
      dispatches: 0,
      submits: 0,
    };
  } catch (error) {
    contender.close();
    throw error;
  }
}

async function takeStep(entrant: Entrant, one: Case, step: number): Promise<void> {
  const { contender, counts } = entrant;
  countFor(counts);
  // What the steps before recorded is none of this one's.
  contender.encodeMs?.();
  const before = { ...counts };
  const batch = makeBatch(one);
  const start = performance.now();
  await contender.step(batch, makeUpdate(step));
  entrant.stepMs.push(performance.now() - start);
  if (contender.encodeMs !== undefined) entrant.encodeMs.push(contender.encodeMs());
  entrant.dispatches = counts.dispatches - before.dispatches;
  entrant.submits = counts.submits - before.submits;
  entrant.bytesAfter = counts.bytesHeld;
  if (contender.roof === undefined) return;
  // What the roof takes is not the engine's.
  countFor({ dispatches: 0, submits: 0, bytesHeld: 0 });
  entrant.roofMs.push(await contender.roof());
}

/** @returns tokens a second, greedily, all rows together; the end tokens count. */
async function measureGeneration(
  { kind, contender, counts }: Entrant,
  one: Case,
  progress: GpuOptions['progress'],
): Promise<number | null> {
  if (contender.generate === null) return null;
  countFor(counts);
  progress(`${one.model}: ${kind.label} generates`);
  const inputs = makeInputs(one);
  await contender.generate(inputs, { maxNewTokens: 2, numBeams: 1 });
  const elapsed: number[] = [];
  let tokens = 0;
  do {
    const start = performance.now();
    const found = await contender.generate(inputs, { maxNewTokens: one.targetLength, numBeams: 1 });
    elapsed.push(performance.now() - start);
    tokens = found.reduce((sum, { ids }) => sum + ids.length, 0);
    // A software adapter may take minutes for one.
  } while (elapsed.length < 3 && elapsed[0]! < 20_000);
  return (tokens / summarise(elapsed).median) * 1000;
}

function rowOf(entrant: Entrant, tokensPerSecond: number | null): GpuRow {
  const timing = summarise(entrant.stepMs);
  return {
    engine: entrant.kind.label,
    timing,
    compileMs: entrant.firstMs - timing.median,
    encodeMs: entrant.encodeMs.length === 0 ? null : summarise(entrant.encodeMs).median,
    roofShare: entrant.roofMs.length === 0 ? null : summarise(entrant.roofMs).median / timing.median,
    dispatches: entrant.dispatches,
    submits: entrant.submits,
    bytesHeld: entrant.bytesAfter,
    bytesGrown: entrant.bytesAfter - entrant.bytesBefore,
    differences: entrant.differences,
    tokensPerSecond,
  };
}
