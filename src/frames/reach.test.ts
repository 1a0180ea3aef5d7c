import { expect, it } from 'vitest';
import { frames, hostHeaders, securityHeaders } from '../../scripts/headers.mjs';
import { InputError } from '../base/errors.ts';
import { originToReach, reachOnly } from './reach.ts';

it.each([
  [['https://api.example.com'], 'connect-src https://api.example.com'],
  [['http://127.0.0.1:8080'], 'connect-src http://127.0.0.1:8080'],
  [['https://huggingface.co', 'https://*.hf.co'], 'connect-src https://huggingface.co https://*.hf.co'],
  [[], "connect-src 'none'"],
])('%o', (reach, policy) => {
  expect(reachOnly(reach)).toBe(policy);
});

it.each([
  '*',
  'https:',
  'https://*',
  'https://a.b/path',
  'https://a; img-src *',
  "'self'",
  'https://a https://b',
  '',
])('a policy is never widened by %o', (source) => {
  expect(() => reachOnly([source])).toThrow(TypeError);
});

it('names the origin of an address, and refuses one that no policy can name', () => {
  expect(originToReach(new URL('https://User.Example.com/v1?x'))).toBe('https://user.example.com');
  expect(originToReach(new URL('http://my_box:1234/v1'))).toBe('http://my_box:1234');
  expect(() => originToReach(new URL('http://[::1]:8080/v1'))).toThrow(InputError);
});

it('the studio reaches itself alone, and nobody but the studio frames its frames', () => {
  const policy = (page: string | null): string =>
    securityHeaders({ development: false, page })['Content-Security-Policy']!;
  for (const page of [null, 'index.html', 'assets/studio.worker.js']) {
    expect(policy(page)).toContain("connect-src 'self';");
    expect(policy(page)).toContain("frame-ancestors 'none'");
  }
  for (const page of Object.keys(frames)) {
    expect(policy(page)).toContain("frame-ancestors 'self'");
    expect(policy(page)).toMatch(/default-src 'none'; script-src 'self'(?: 'wasm-unsafe-eval')?;/);
  }
});

it('no address of a host has two policies, which would allow what both do', () => {
  const rules = hostHeaders()
    .split(/\n(?=\/)/)
    .filter((rule) => rule.includes('Content-Security-Policy'))
    .map((rule) => rule.split('\n')[0]!);
  expect(rules).toContain('/desk.html');
  expect(rules).not.toContain('/*');
  expect(new Set(rules).size).toBe(rules.length);
});
