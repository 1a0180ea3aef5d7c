import { describe, expect, it, vi } from 'vitest';
import { backOffMs, machineClock, Pace, type Clock } from './pace.ts';

/** A clock that stands until it is slept by. */
function testClock(random = 0) {
  const clock = {
    now: 0,
    slept: [] as number[],
    nowMs: () => clock.now,
    random: () => random,
    sleep: (waitMs: number) => {
      clock.slept.push(waitMs);
      clock.now += waitMs;
      return Promise.resolve();
    },
  };
  return clock satisfies Clock;
}

const never = new AbortController().signal;
/** How many go at once. */
async function places(pace: Pace): Promise<number> {
  let entered = 0;
  const stop = new AbortController();
  while (entered < 100) {
    const entering = pace.enter(stop.signal);
    if (!(await Promise.race([entering, new Promise<false>((resolve) => setTimeout(resolve, 0, false))])))
      break;
    entered += 1;
  }
  stop.abort();
  for (let one = 0; one < entered; one += 1) pace.leave();
  return entered;
}

it('waits are doubled up to a minute, each between half and all of it', () => {
  expect([1, 2, 3].map((failures) => backOffMs(failures, 0))).toEqual([500, 1000, 2000]);
  expect([1, 2, 3].map((failures) => backOffMs(failures, 1))).toEqual([1000, 2000, 4000]);
  expect([backOffMs(7, 1), backOffMs(90, 1), backOffMs(90, 0)]).toEqual([60_000, 60_000, 30_000]);
});

describe('requests in flight', () => {
  it('are four at first, or as many as there may be', async () => {
    expect(await places(new Pace(8, testClock()))).toBe(4);
    expect(await places(new Pace(3, testClock()))).toBe(3);
  });

  it('become more while answers come, up to the most', async () => {
    const pace = new Pace(6, testClock());
    for (let answer = 0; answer < 4; answer += 1) pace.answered(100);
    expect(await places(pace)).toBe(4);
    pace.answered(100);
    expect(await places(pace)).toBe(5);
    for (let answer = 0; answer < 99; answer += 1) pace.answered(100);
    expect(await places(pace)).toBe(6);
  });

  it('do not become more while answers take four times the fastest', async () => {
    const pace = new Pace(9, testClock());
    pace.answered(100);
    for (let answer = 0; answer < 50; answer += 1) pace.answered(401);
    expect(await places(pace)).toBe(4);
    for (let answer = 0; answer < 50; answer += 1) pace.answered(400);
    expect(await places(pace)).toBe(9);
  });

  it('are half as many when the server asks for it, once for each jam, and never none', async () => {
    const clock = testClock();
    const pace = new Pace(9, clock);
    clock.now = 10;
    expect(pace.slower(0, 5)).toBe(1);
    // Sent before the pace was halved: the same jam.
    expect(pace.slower(0, 9)).toBe(1);
    expect(await places(pace)).toBe(2);
    clock.now = 20;
    expect([pace.slower(0, 10), pace.slower(0, 20)]).toEqual([2, 3]);
    expect(await places(pace)).toBe(1);
    pace.answered(1);
    expect(pace.slower(0, 30)).toBe(1);
  });

  it('wait as long as the server asks, the longest of what it asked, spread by chance', async () => {
    const clock = testClock(0.5);
    const pace = new Pace(9, clock);
    pace.slower(2000, 0);
    pace.slower(1000, 0);
    expect(await pace.enter(never)).toBe(true);
    expect(clock.slept).toEqual([2125]);
    pace.leave();
    pace.slower(null, 9000);
    await pace.enter(never);
    expect(clock.slept[1]).toBe(backOffMs(3, 0.5));
  });

  it('that wait for a place have it when one has ended, and none once they are stopped', async () => {
    const pace = new Pace(1, testClock());
    expect([await pace.enter(never), pace.inFlight]).toEqual([true, 1]);
    const next = pace.enter(never);
    pace.leave();
    expect([await next, pace.inFlight]).toEqual([true, 1]);
    const stop = new AbortController();
    const waiting = pace.enter(stop.signal);
    stop.abort();
    expect([await waiting, await pace.enter(stop.signal), pace.inFlight]).toEqual([false, false, 1]);
  });
});

it('the machine’s clock sleeps as long as it is told, or until it is stopped', async () => {
  vi.useFakeTimers();
  const slept = machineClock.sleep(1000, never);
  const stop = new AbortController();
  const stopped = machineClock.sleep(1e6, stop.signal);
  await vi.advanceTimersByTimeAsync(1000);
  await slept;
  stop.abort();
  await stopped;
  await machineClock.sleep(1e6, stop.signal);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  const random = machineClock.random();
  expect(random >= 0 && random < 1).toBe(true);
  expect(machineClock.nowMs()).toBeGreaterThan(0);
});
