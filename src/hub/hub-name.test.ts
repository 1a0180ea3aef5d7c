import { expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { parseDatasetName, parseEndpoint, parseHubName } from './hub-name.ts';

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

it('reads a name of rows with its revision, configuration and split', () => {
  const none = { revision: null, config: null, split: null };
  expect(parseDatasetName('cos_e')).toEqual({ ...none, name: 'cos_e' });
  expect(parseDatasetName('hub:datasets/a/b@refs/pr/3:v1.11/train')).toEqual({
    name: 'a/b',
    revision: 'refs/pr/3',
    config: 'v1.11',
    split: 'train',
  });
  expect(parseDatasetName('a/b:plain')).toEqual({ ...none, name: 'a/b', config: 'plain' });
  for (const text of ['', 'a/b:', 'a/b:c/d/e', 'a/b:../c', 'a b', 'a/b@:c', 'a/b:c/'])
    expect(() => parseDatasetName(text), text).toThrow(/no name of a dataset/);
});
