/**
 * What was found out about each GPU, kept between visits. Its own database: it is of the machine, not of anybody's
 * work, and losing it costs two seconds.
 */
import { openDB } from 'idb';
import type { AdapterMemory } from '../engine/gpu/adapter-notes.ts';

const open = () =>
  openDB('stillroom-gpu-tuning', 1, { upgrade: (database) => void database.createObjectStore('choices') });

export const tuningDatabase: AdapterMemory = {
  browser: navigator.userAgent,
  async read(adapter) {
    try {
      const database = await open();
      const found: unknown = await database.get('choices', adapter);
      database.close();
      return found;
    } catch {
      // Private windows may have no storage; then the GPU is measured again.
      return undefined;
    }
  },
  async write(adapter, record) {
    try {
      const database = await open();
      await database.put('choices', record, adapter);
      database.close();
    } catch {
      // As above.
    }
  },
};
