/** Damaged tables: whatever byte is wrong, the outcome is rows or one clear error, soon and with nothing left behind. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../base/errors.ts';
import { readArrow } from './arrow.ts';
import { openParquet } from './parquet.ts';

const load = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../tests/fixtures/tables/${name}`, import.meta.url)));

const unhandled: unknown[] = [];
const keep = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', keep));
afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', keep);
  expect(unhandled).toEqual([]);
});

/** The rows that were read, or null where the file was refused. */
async function outcome(name: string, bytes: Uint8Array): Promise<number | null> {
  try {
    if (name.endsWith('.arrow')) return readArrow(name, bytes).records.length;
    let rows = 0;
    for await (const slice of (await openParquet(name, bytes)).slices()) rows += slice.length;
    return rows;
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return null;
  }
}

const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });

describe('any bytes may be wrong', () => {
  const tables = [
    ...['none', 'plain', 'delta', 'snappy', 'gzip', 'zstd', 'lz4'].map((kind) => `rows.${kind}.parquet`),
    ...['uncompressed', 'lz4', 'zstd', 'stream'].map((kind) => `rows.${kind}.arrow`),
  ];
  it.each(tables)('%s', async (name) => {
    const whole = load(name);
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = whole.slice();
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        await outcome(name, bytes);
      }),
      { numRuns: 40 },
    );
  });
});

describe('counts that would be read for hours, or for gigabytes', () => {
  it.each([
    // A run of levels with millions of values.
    ['rows.plain.parquet', 1705, 139],
    // A list of metadata, and a dictionary's rows.
    ['rows.uncompressed.arrow', 3287, 14],
    ['rows.lz4.arrow', 1159, 75],
    ['rows.zstd.arrow', 1227, 192],
    // Digits of a decimal.
    ['rows.zstd.arrow', 7842, 212],
  ])('%s, byte %i as %i', async (name, at, byte) => {
    const bytes = load(name).slice();
    bytes[at] = byte;
    expect(await outcome(name, bytes)).toBeNull();
  });
});
