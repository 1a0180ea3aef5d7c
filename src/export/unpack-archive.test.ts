import { strToU8, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { unpackListed, unpackRecord } from './unpack-archive.ts';

const record = strToU8('{"version":1}');
const curve = strToU8('a curve');

it('finds the first record, in a folder or in none, and unpacks nothing else', () => {
  expect(unpackRecord(zipSync({ 'record.json': record }), 'run.zip')).toEqual({ folder: '', record });
  const zip = zipSync({ 'mine/curve': curve, 'mine/record.json': record, 'mine/old/record.json': curve });
  expect(unpackRecord(zip, 'run.zip')).toEqual({ folder: 'mine/', record });
  expect(() => unpackRecord(zipSync({ 'my-record.json': record }), 'run.zip')).toThrow('no exported run');
  expect(() => unpackRecord(strToU8('no zip'), 'run.zip')).toThrow('could not be unpacked');
});

it('unpacks what is listed, by name without the folder, and nothing else', () => {
  const zip = zipSync({ 'mine/record.json': record, 'mine/curve': curve, 'mine/more': curve });
  const listed = [{ name: 'curve', sizeBytes: curve.length }];
  expect([...unpackListed(zip, 'run.zip', 'mine/', listed)]).toEqual([['curve', curve]]);
});

it('takes no file that has more bytes than the list says', () => {
  const zip = zipSync({ curve });
  const of = (sizeBytes: number) => () => unpackListed(zip, 'run.zip', '', [{ name: 'curve', sizeBytes }]);
  expect(of(curve.length)).not.toThrow();
  expect(of(curve.length - 1)).toThrow('run.zip/curve');
});

it.each([
  ['64 MiB of a small zip', new Uint8Array(), 64 * 2 ** 20],
  // Not packed: 50 times its size is more than zip64 begins at.
  ['what a zip without zip64 can hold', new Uint8Array(86_000_000), 0xffff_ffff],
])('takes no list of more than %s', (_name, other, most) => {
  const zip = zipSync({ curve, other: [other, { level: 0 }] });
  const all = (...sizes: number[]) =>
    unpackListed(
      zip,
      'run.zip',
      '',
      sizes.map((sizeBytes, index) => ({ name: index === 0 ? 'curve' : `other-${index}`, sizeBytes })),
    );
  expect(all(curve.length, most - curve.length).size).toBe(1);
  expect(() => all(curve.length, most - curve.length + 1)).toThrow(/more than a run of .* can be/);
});
