/** A name for this state of the kernels, from their text: what was measured of others says nothing of these. */
import { matmulVariants } from './matmul.ts';

const sources = import.meta.glob<string>('./kernels/*.wgsl', {
  eager: true,
  query: '?raw',
  import: 'default',
});

function hash(text: string): number {
  // FNV-1a, 32 bits.
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

export const kernelsVersion = hash(
  JSON.stringify([Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)), matmulVariants]),
).toString(16);
