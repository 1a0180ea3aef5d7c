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

describe('how long a server asks to wait', () => {
  const now = Date.UTC(2026, 0, 1);
  const waitMs = (headers: Record<string, string>, message = 'Slow down.') => {
    const outcome = outcomeOf(response(429, message, headers), now);
    return outcome.kind === 'slower' ? outcome.waitMs : outcome.kind;
  };

  it('is in its headers: exact, in seconds, or as a date', () => {
    expect(waitMs({ 'retry-after-ms': '0', 'retry-after': '5' })).toBe(0);
    expect(waitMs({ 'retry-after-ms': 'soon', 'retry-after': '5' })).toBe(5000);
    expect(waitMs({ 'retry-after': '0' })).toBe(0);
    expect(waitMs({ 'retry-after': new Date(now + 9000).toUTCString() })).toBe(9000);
    expect(waitMs({ 'retry-after': new Date(now - 9000).toUTCString() })).toBe(0);
    expect(waitMs({ 'retry-after': 'soon' })).toBeNull();
  });

  it('is in its words, in any unit', () => {
    expect(waitMs({}, 'Please try again in 1m2.5s.')).toBe(62_500);
    expect(waitMs({}, 'Please retry after 20 milliseconds.')).toBe(20);
    expect(waitMs({}, 'Try again in 300ms')).toBe(300);
    expect(waitMs({}, 'wait about 3 seconds')).toBe(3000);
    expect(waitMs({}, 'Nothing is said of it.')).toBeNull();
  });

  it('is taken up to five minutes', () => {
    expect(waitMs({ 'retry-after': '300' })).toBe(300_000);
    expect(waitMs({ 'retry-after': '301' })).toBe('ended');
    expect(outcomeOf(response(429, 'Slow.', { 'retry-after': '301' }), now)).toMatchObject({
      problem: expect.stringContaining('wait for 6 minutes') as string,
    });
  });
});

describe('any other response', () => {
  it.each([401, 402, 403, 404])('%i ends the run', (status) => expect(kindOf(status, 'No.')).toBe('ended'));
  it.each([500, 502, 408, 409, 425])('%i may not go wrong again', (status) =>
    expect(kindOf(status, 'Oh.')).toBe('fault'),
  );
  it.each([410, 418, 499])('%i is for this row', (status) => expect(kindOf(status, 'Oh.')).toBe('refused'));
  it.each([503, 529])('%i asks for a slower pace, whatever it says of quotas', (status) =>
    expect(kindOf(status, 'insufficient_quota')).toBe('slower'),
  );

  it('of 400 refuses the key, a part of the request, or the row', () => {
    expect(kindOf(400, 'API key not valid. Please pass a valid API key.')).toBe('ended');
    expect(kindOf(422, 'The text is too long.')).toBe('refused');
    for (const [message, feature] of [
      ['Use max_completion_tokens instead.', 'max_tokens'],
      ['temperature does not support 0', 'temperature'],
      ['Unknown field stream_options', 'stream_options'],
      ['response_format is not permitted', 'schema'],
      ['Invalid parameter: stop', 'stop'],
      ['n is not supported', 'n'],
    ])
      expect(outcomeOf(response(400, message!), 0)).toMatchObject({ kind: 'unsupported', feature });
    expect(kindOf(400, 'temperature')).toBe('refused');
  });

  it('is told in its own words, shortened, and a page of a proxy in none', () => {
    const said = (body: string) => {
      const outcome = outcomeOf({ status: 500, headers: { get: () => null }, body }, 0);
      return outcome.kind === 'fault' ? outcome.words : '';
    };
    expect(said('{"error": "one"}')).toBe('500: one');
    expect(said('{"error": {"message": "two\\n  lines"}}')).toBe('500: two lines');
    expect(said('[{"detail": "three"}]')).toBe('500: three');
    expect(said('{"detail": [{"msg": "four"}]}')).toBe('500: four');
    expect(said('plain words')).toBe('500: plain words');
    expect(said('{"code": 5}')).toBe('500: {"code": 5}');
    expect(said(' <html>…')).toBe('500');
    expect(said('')).toBe('500');
    expect(said('x'.repeat(300))).toBe(`500: ${'x'.repeat(300)}`);
    expect(said('x'.repeat(301))).toBe(`500: ${'x'.repeat(300)}…`);
  });
});
