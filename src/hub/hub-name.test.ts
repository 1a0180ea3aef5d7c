import { expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { parseEndpoint, parseHubName } from './hub-name.ts';

it('reads a name with a revision, without one, and with the prefix', () => {
  expect(parseHubName('google/flan-t5-small')).toEqual({ name: 'google/flan-t5-small', revision: 'main' });
  expect(parseHubName('hub:t5-small@refs/pr/3')).toEqual({ name: 't5-small', revision: 'refs/pr/3' });
});

it.each([
  '',
  '..',
  'a/../b',
  '../x',
  'a/b/c',
  '/etc',
  'a b',
  'a/b@',
  'a/b@../main',
  'a/b@x y',
  '-out',
  'a/b?x#y',
])('refuses "%s"', (text) => expect(() => parseHubName(text)).toThrow(InputError));

it('takes the address of another hub, and nothing that is none', () => {
  expect(parseEndpoint(undefined)).toBe('https://huggingface.co');
  expect(parseEndpoint('http://127.0.0.1:80/mirror/')).toBe('http://127.0.0.1/mirror');
  for (const given of [
    'mirror.example',
    'file:///etc',
    'https://me:secret@mirror.example',
    'https://a.example/?x',
  ]) {
    expect(() => parseEndpoint(given)).toThrow('HF_ENDPOINT');
    expect(() => parseEndpoint(given)).not.toThrow('secret');
  }
});
