import { describe, expect, it } from 'vitest';
import { outcomeOf, type Response } from './outcome.ts';

const response = (status: number, message: string, headers: Record<string, string> = {}): Response => ({
  status,
  headers: { get: (name) => headers[name] ?? null },
  body: JSON.stringify({ error: { message } }),
});
const kindOf = (...args: Parameters<typeof response>) => outcomeOf(response(...args), 0).kind;

describe('a response of 429', () => {
  it('ends the run where the quota does not come back within minutes', () => {
    expect(kindOf(429, 'Rate limit reached on requests per day (RPD): Limit 200.')).toBe('ended');
    expect(kindOf(429, 'Quota exceeded for GenerateRequestsPerDayPerProject. Please retry in 31s.')).toBe(
      'ended',
    );
    expect(kindOf(429, 'You exceeded your current quota, please check your plan and billing details.')).toBe(
      'ended',
    );
    expect(kindOf(429, 'insufficient_quota')).toBe('ended');
    expect(kindOf(429, 'Slow down.', { 'retry-after': '3600' })).toBe('ended');
  });

  it('waits where a limit for a minute names its wait, whatever else it says of plans and billing', () => {
    const google =
      'You exceeded your current quota, please check your plan and billing details. Please retry in 27.4s.';
    expect(outcomeOf(response(429, google), 0)).toMatchObject({ kind: 'slower', waitMs: 27_400 });
    expect(
      outcomeOf(response(429, 'You exceeded your current quota.', { 'retry-after': '20' }), 0),
    ).toMatchObject({ kind: 'slower', waitMs: 20_000 });
    expect(
      outcomeOf(
        response(429, 'Rate limit reached for requests per min. Visit https://example.com/account/billing.'),
        0,
      ),
    ).toMatchObject({ kind: 'slower', waitMs: null });
  });
});
