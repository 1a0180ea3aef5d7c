/**
 * What was measured of each GPU, kept between visits. A database of its own: it is of the machine, not of anybody's
 * work, and losing it costs two seconds.
 */
import { openDB } from 'idb';
import { z } from '../base/schemas.ts';
import type { TuningMemory } from '../engine/wgsl/tuner.ts';

const choicesSchema = z.record(z.string(), z.string());

const open = () =>
  openDB('stillroom-gpu-tuning', 1, { upgrade: (database) => void database.createObjectStore('choices') });

export const tuningDatabase: TuningMemory = {
  async read(adapter) {
    try {
      const database = await open();
      const found: unknown = await database.get('choices', adapter);
      database.close();
      return choicesSchema.parse(found ?? {});
    } catch {
      // Private windows may have no storage; then the GPU is measured again.
      return {};
    }
  },
  async write(adapter, choices) {
    try {
      const database = await open();
      await database.put('choices', { ...choices }, adapter);
      database.close();
    } catch {
      // As above.
    }
  },
};
