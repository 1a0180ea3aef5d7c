import { expect, it } from 'vitest';
import { sweep, type Lane, type Told } from './sweep.ts';

const failure = { name: 'Error', message: 'No.', file: null, line: null };

/** A lane that needs `run` milliseconds of a clock for a run. Odd multiples of 7 fail. */
function lanesOf(clock: { ms: number }, trained: number[]): Lane<number, string>[] {
  return [
    async (run, tell) => {
      clock.ms += run / 2;
      tell(0.5);
      await Promise.resolve();
      clock.ms += run / 2;
      trained.push(run);
      return run % 7 === 0 ? { kind: 'failed', error: failure } : { kind: 'ended', outcome: `of ${run}` };
    },
  ];
}

const job = (runs: readonly number[]) => {
  const clock = { ms: 0 };
  const trained: number[] = [];
  const kept: [number, string][] = [];
  const told: Told<number, string>[] = [];
  const stop = new AbortController();
  return {
    clock,
    trained,
    kept,
    told,
    stop,
    runs,
    lanes: lanesOf(clock, trained),
    costOf: (run: number) => run,
    keep: (run: number, outcome: string) => void kept.push([run, outcome]),
    tell: (one: Told<number, string>) => void told.push(one),
    signal: stop.signal,
    now: () => clock.ms,
  };
};

it('trains each run once, keeps what has ended, and goes on after a failure', async () => {
  const one = job([3, 7, 5]);
  expect(await sweep({ ...one, lanes: [one.lanes[0]!, one.lanes[0]!] })).toEqual({
    ended: 2,
    failed: 1,
    stopped: false,
  });
  expect(one.trained.sort()).toEqual([3, 5, 7]);
  expect(one.kept.sort()).toEqual([
    [3, 'of 3'],
    [5, 'of 5'],
  ]);
  expect(one.told.at(-1)).toMatchObject({ done: 3, total: 3, leftMs: 0 });
});

it.each([1, 16])(
  'tells what is left by what the runs took since the first word of them, at costs of 1 in %i',
  async (share) => {
    const one = job([4, 12]);
    // A process that starts is nothing to go by.
    const [lane] = one.lanes;
    const slow: Lane<number, string> = (run, tell) => {
      if (one.clock.ms === 0) one.clock.ms = 1000;
      return lane!(run, tell);
    };
    await sweep({ ...one, lanes: [slow], costOf: (run) => run / share });
    expect(one.told.map(({ done, leftMs }) => [done, leftMs])).toEqual([
      [0, null],
      [1, 12],
      [1, 6],
      [2, 0],
    ]);
  },
);

it('begins no further run once it is stopped', async () => {
  const one = job([1, 2, 3]);
  const end = await sweep({
    ...one,
    tell: (told) => {
      if (told.kind === 'run') one.stop.abort();
    },
  });
  expect(end).toEqual({ ended: 1, failed: 0, stopped: true });
  expect(one.trained).toEqual([1]);
});

it('a lane that was stopped in the middle keeps nothing', async () => {
  const one = job([1, 2]);
  const end = await sweep({
    ...one,
    lanes: [() => (one.stop.abort(), Promise.resolve(null))],
  });
  expect(end).toEqual({ ended: 0, failed: 0, stopped: true });
  expect(one.kept).toEqual([]);
});
