import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MetricsPoint } from '../distill/run-state.ts';
import type { TeachProgress } from '../jobs/teach.ts';
import { ProgressLine, whileTelling } from './progress-line.ts';

let nowMs = 0;
beforeEach(() => {
  nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function lineOn(isTTY: boolean) {
  const written: string[] = [];
  const out = { isTTY, write: (text: string) => written.push(text) > 0 };
  return { line: new ProgressLine(out as unknown as NodeJS.WriteStream), written };
}

const point = (step: number, more: Partial<MetricsPoint> = {}): MetricsPoint => ({
  step,
  learningRate: 1,
  answerLoss: 2.34567,
  rationaleLoss: 1,
  loss: 2,
  gradNorm: 1,
  tokens: 4,
  elapsedMs: 2_000 * step,
  ...more,
});
const taught: TeachProgress = {
  done: 1_200,
  total: 2_000,
  asked: 600,
  read: 1_000,
  right: 900,
  inFlight: 8,
  spent: { input: 3_000, output: 1_500 },
  cost: 0.5,
  elapsedMs: 60_000,
} as TeachProgress;

describe('in a terminal', () => {
  it('a line that is shown is written over by the next, and one that is said stays', () => {
    const { line, written } = lineOn(true);
    line.show('one');
    line.show('two');
    line.say('three');
    line.clear();
    expect(written).toEqual(['\r\u001b[Kone', '\r\u001b[Ktwo', '\r\u001b[Kthree\n', '\r\u001b[K']);
  });
});

describe('elsewhere', () => {
  it('a line is shown every ten seconds at most, but for the first and those that always are', () => {
    const { line, written } = lineOn(false);
    line.show('first');
    for (const ms of [1_000, 2_000, 4_000, 8_000]) {
      nowMs += ms - 1;
      line.show('too soon');
      nowMs += 1;
      line.show(`${ms}`);
    }
    expect(written.splice(1)).toEqual(['1000\n', '2000\n', '4000\n', '8000\n']);
    nowMs += 9_999;
    line.show('too soon');
    nowMs += 1;
    line.show('ten seconds later');
    nowMs += 5_000;
    line.show('always', true);
    nowMs += 9_999;
    line.show('too soon after that');
    line.say('said');
    line.clear();
    expect(written).toEqual(['first\n', 'ten seconds later\n', 'always\n', 'said\n']);
  });
});

describe('what is told', () => {
  it('of a step: its losses, what a step takes, and what is left; the last step always', () => {
    const { line, written } = lineOn(false);
    line.step(point(10), 100);
    line.step(point(11), 100);
    line.step(point(100, { rationaleLoss: null }), 100);
    expect(written).toEqual([
      'step 10 of 100: answer 2.346, rationale 1.000, 2000 ms a step, 3 min 0 s left\n',
      'step 100 of 100: answer 2.346, 2000 ms a step, 0 ms left\n',
    ]);
  });

  it('of a teacher: rows, what is right, tokens, cost and pace', () => {
    const told = (more: Partial<TeachProgress>, mode: 'label' | 'rationalise' = 'label') => {
      const { line, written } = lineOn(false);
      line.taught({ ...taught, ...more }, mode);
      return written[0]!.trimEnd();
    };
    expect(told({})).toBe(
      'row 1,200 of 2,000, 90.0 % right, 8 in flight, 4,500 tokens, cost 0.5000, 600 rows a minute, 1 min 20 s left',
    );
    expect(told({ cost: null }, 'rationalise')).toBe(
      'row 1,200 of 2,000, 8 in flight, 4,500 tokens, 600 rows a minute, 1 min 20 s left',
    );
    expect(told({ asked: 0, read: 0, cost: null })).toBe('row 1,200 of 2,000, 8 in flight, 4,500 tokens');
    expect(told({ read: 1, right: 1 })).toContain('100.0 % right');
  });

  it('of the last row always', () => {
    const { line, written } = lineOn(false);
    line.show('a moment ago');
    line.taught({ ...taught, done: 1_999 }, 'label');
    line.taught({ ...taught, done: 2_000 }, 'label');
    expect(written).toHaveLength(2);
    expect(written[1]).toMatch(/^row 2,000 of 2,000/);
  });

  it('of a state: what is prepared, what is asked, and what is begun again; nothing of others', () => {
    const { line, written } = lineOn(true);
    line.state({ phase: 'preparing', what: 'reading rows as tokens', done: 256, total: 300 });
    line.state({ phase: 'evaluating', purpose: 'rationales', step: 3, done: 2, total: 9 });
    line.state({ phase: 'recovering', reason: 'The GPU was lost', step: 3 } as never);
    line.state({ phase: 'compiling' });
    line.state({ phase: 'training', step: 1, steps: 2 });
    expect(written.map((text) => text.replace('\r\u001b[K', ''))).toEqual([
      'reading rows as tokens: 256 of 300',
      'distilled rationales: 2 of 9',
      'The GPU was lost. It resumes from its last checkpoint.\n',
    ]);
  });
});

it('work that tells how far it is does so on the error stream, and leaves no line there', async () => {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const was = process.stderr.isTTY;
  process.stderr.isTTY = true;
  try {
    const result = await whileTelling(({ report }) => {
      report('opening', 0, 0);
      report('rows', 1_000, 2_000);
      return Promise.resolve(7);
    });
    expect(result).toBe(7);
    await expect(whileTelling(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  } finally {
    process.stderr.isTTY = was;
  }
  expect(written).toEqual([
    '\r\u001b[Kopening',
    '\r\u001b[Krows: 1,000 of 2,000',
    '\r\u001b[K',
    '\r\u001b[K',
  ]);
});
