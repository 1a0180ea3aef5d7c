import { expect, test } from 'vitest';
import { matmulVariants } from './matmul.ts';

test('a variant is cut up as its name says: rows and columns of a workgroup, or of a thread', () => {
  const told = matmulVariants.map(({ name, kernel, threadsX, threadsY, rowBlocks, groups }) => {
    // A quad’s four threads have a row block each, and share their columns.
    const rows = 4 * rowBlocks * (kernel === 'quad' ? 4 : threadsY);
    const [aThread, aGroup] = [`${4 * rowBlocks}×${4 * groups}`, `${rows}×${4 * groups * threadsX}`];
    if (kernel === 'direct') return [name, `direct ${aThread} a thread`];
    const isSmall = rowBlocks === 1 && groups === 1;
    return [name, `${kernel} ${aGroup}${kernel === 'quad' || isSmall ? '' : `, ${aThread} a thread`}`];
  });
  for (const [name, expected] of told) expect(name).toBe(expected);
});

test('staged ones take sixteen of the inner dimension at a time; threads are whole squares, or one quad', () => {
  for (const { kernel, threadsX, threadsY, depth } of matmulVariants) {
    expect(depth).toBe(kernel === 'staged' ? 16 : 0);
    expect([4, 8, 16]).toContain(threadsX);
    expect(threadsY).toBe(kernel === 'quad' ? 1 : threadsX);
  }
});
