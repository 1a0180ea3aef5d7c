import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Control } from './control.ts';

/** Whether it has resolved, once everything that was ready has had its turn. */
async function isOver(work: Promise<void>): Promise<boolean> {
  let over = false;
  void work.then(() => (over = true));
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a control', () => {
  it('asks for nothing at first', () => {
    const control = new Control();
    expect(control).toMatchObject({
      pauseRequested: false,
      saveRequested: false,
      stopRequested: false,
      stops: 0,
    });
    expect([control.takeSkip(), control.takeSave()]).toEqual([false, false]);
  });

  it('tells of a save and a skipped evaluation once', () => {
    const control = new Control();
    control.save();
    control.skipEvaluation();
    expect(control.saveRequested).toBe(true);
    expect([control.takeSave(), control.takeSave(), control.takeSkip(), control.takeSkip()]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(control.saveRequested).toBe(false);
  });

  it('counts how often it was asked to stop', () => {
    const control = new Control();
    control.stop();
    expect([control.stopRequested, control.stops]).toEqual([true, 1]);
    control.stop();
    expect(control.stops).toBe(2);
  });

  it('pauses until it is resumed or stopped', async () => {
    for (const end of ['resume', 'stop'] as const) {
      const control = new Control();
      control.pause();
      const paused = control.whilePaused();
      expect(await isOver(paused)).toBe(false);
      control[end]();
      expect(await isOver(paused)).toBe(true);
      expect(control.pauseRequested).toBe(false);
      expect(control.stopRequested).toBe(end === 'stop');
    }
    expect(await isOver(new Control().whilePaused())).toBe(true);
  });

  it('sleeps for as long as it was told, or until it is stopped; a resume does not wake it', async () => {
    const control = new Control();
    const whole = control.sleep(1000);
    await vi.advanceTimersByTimeAsync(999);
    control.resume();
    expect(await isOver(whole)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isOver(whole)).toBe(true);

    const cut = control.sleep(1000);
    control.stop();
    expect(await isOver(cut)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(await isOver(control.sleep(1000))).toBe(true);
  });
});
