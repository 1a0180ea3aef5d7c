/** Parquet and Arrow as pyarrow writes them: random columns in every codec, page form and container, read to the value. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContainers } from '../../src/data/containers.ts';
import { openStream } from '../../src/data/record-stream.ts';
import type { FileRecord } from '../../src/formats/record.ts';

// pyarrow is among what the loop for more machines is tested with.
const python = process.env['STILLROOM_PYTHON_SCALE'];
const seeds = [1, 2, 3];

describe.skipIf(python === undefined)('tables of pyarrow', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillroom-tables-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(seeds)('of seed %i', (seed) => {
    let expected: Record<string, Record<string, unknown>[]> = {};
    const place = join(folder, String(seed));
    beforeAll(() => {
      const code = `import pathlib, runpy, sys; pathlib.Path(sys.argv[2]).mkdir(); runpy.run_path(${JSON.stringify(
        join(import.meta.dirname, 'write_tables.py'),
      )})`;
      const { status, stderr } = spawnSync(python!, ['-c', code, String(seed), place], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      expected = JSON.parse(readFileSync(join(place, 'expected.json'), 'utf8')) as typeof expected;
    });

    it('have every row as it was written, read whole and as a stream', async () => {
      expect(Object.keys(expected)).toHaveLength(30);
      for (const [name, rows] of Object.entries(expected)) {
        const blob = new Blob([readFileSync(join(place, name))]);
        const [whole] = await openContainers(name, blob);
        expect(valuesOf(whole!.records), name).toEqual(rows);
        const stream = await openStream(name, blob);
        // One row alone does not tell a layout; Arrow is read as a whole.
        if (!name.endsWith('.parquet') || rows.length < 2) continue;
        const records: FileRecord[] = [];
        for await (const slice of stream!.slices()) records.push(...slice.records);
        expect(valuesOf(records), `${name} as a stream`).toEqual(rows);
        expect(stream!.notes(), name).toEqual(whole!.notes);
      }
    });
  });
});

function valuesOf(records: readonly FileRecord[]): unknown[] {
  return records.map((record) => (record.kind === 'value' ? record.value : record));
}
