import { expect, test } from 'vitest';
import { matmulVariants } from './matmul.ts';

test('a variant is cut up as its name says: rows and columns of a workgroup, or of a thread', () => {
  const told = matmulVariants.map(({ name, kernel, threadsX, threadsY, rowBlocks, groups }) => {
    // A quad’s four threads have row blocks and columns of their own, and exchange rows.
    const rows = 4 * rowBlocks * threadsY * (kernel === 'quad' ? 4 : 1);
    const [aThread, aGroup] = [`${4 * rowBlocks}×${4 * groups}`, `${rows}×${4 * groups * threadsX}`];
    if (kernel === 'direct') return [name, `direct ${aThread} a thread`];
    if (kernel === 'quad') return [name, `${threadsX * threadsY === 8 ? 'two quads' : 'quad'} ${aGroup}`];
    const isSmall = rowBlocks === 1 && groups === 1;
    return [name, `${kernel} ${aGroup}${isSmall ? '' : `, ${aThread} a thread`}`];
  });
  for (const [name, expected] of told) expect(name).toBe(expected);
});

test('staged ones take sixteen of the inner dimension at a time; threads are whole squares, or one quad or two', () => {
  for (const { kernel, threadsX, threadsY, rowBlocks, depth } of matmulVariants) {
    expect(depth).toBe(kernel === 'staged' ? 16 : 0);
    if (kernel === 'quad') {
      // Rows are told apart by exclusive or: a lane has a power of two of them.
      expect([1, 2, 4]).toContain(rowBlocks);
      expect([4, 8]).toContain(threadsX * threadsY);
      expect(threadsX % 4).toBe(0);
    } else {
      expect([8, 16]).toContain(threadsX);
      expect(threadsY).toBe(threadsX);
    }
  }
});
