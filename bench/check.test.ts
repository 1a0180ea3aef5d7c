import { describe, expect, it } from 'vitest';
import { compareRuns, refusal, type CheckedRun } from './check.ts';

const origin = new Map([['w', Float32Array.of(1, 2)]]);

function runOf(
  changes: { loss?: number; gradNorm?: number; moment?: number; weight?: number } = {},
): CheckedRun {
  const { loss = 3, gradNorm = 2, moment = 0.1, weight = 1.5 } = changes;
  return {
    results: [{ answerLoss: loss, rationaleLoss: 4, loss, gradNorm, tokens: 9 }],
    firstMoments: new Map([['w', Float32Array.of(moment, 0.2)]]),
    weights: new Map([['w', Float32Array.of(weight, 2)]]),
  };
}

describe('the check before a contender is timed', () => {
  it('lets the same numbers pass', () => {
    const differences = compareRuns(runOf(), runOf(), origin);
    expect(differences).toEqual({ loss: 0, gradNorm: 0, gradient: 0, movement: 0 });
    expect(refusal(differences)).toBeNull();
  });

  it.each([
    ['loss', { loss: 3.01 }],
    ['loss', { loss: NaN }],
    ['gradNorm', { gradNorm: 2.001 }],
    ['gradNorm', { gradNorm: NaN }],
    ['gradient', { moment: 0.101 }],
    ['gradient', { moment: NaN }],
    ['movement', { weight: 1.51 }],
  ])('refuses another %s: %o', (quantity, changes) => {
    expect(refusal(compareRuns(runOf(changes), runOf(), origin))).toMatch(
      new RegExp(`^differs from the wasm engine: ${quantity} by `),
    );
  });

  it('measures what a weight moved by, not the weight', () => {
    // 1.51 is 0.7 % of 1.5 away, and 2 % of the movement.
    expect(compareRuns(runOf({ weight: 1.51 }), runOf(), origin).movement).toBeCloseTo(0.02, 5);
  });

  it('refuses a weight that is missing or has another size', () => {
    const missing: CheckedRun = { ...runOf(), weights: new Map() };
    expect(refusal(compareRuns(missing, runOf(), origin))).toMatch(/movement/);
    const longer: CheckedRun = { ...runOf(), firstMoments: new Map([['w', new Float32Array(3)]]) };
    expect(refusal(compareRuns(longer, runOf(), origin))).toMatch(/gradient/);
  });

  it('refuses a step that has no rationale loss', () => {
    const run = runOf();
    const without: CheckedRun = { ...run, results: [{ ...run.results[0]!, rationaleLoss: null }] };
    expect(refusal(compareRuns(without, run, origin))).toMatch(/loss/);
  });
});
