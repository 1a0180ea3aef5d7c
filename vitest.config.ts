import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { kernels } from './scripts/build-kernels.mjs';
import { Sequencer } from './tests/support/sequencer.ts';
import { unitPool } from './tests/support/unit-pool.ts';

// TensorFlow.js is inlined so that its ESM builds are used: its Node builds lack the gradient registry.
const server = { deps: { inline: [/@tensorflow\//] } };

// Properties are drawn from one seed, so that a run means the same everywhere; see the file.
const setupFiles = ['tests/support/seed.ts'];

// Vitest leaves one core idle, which is half of a machine with two.
const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    sequence: { sequencer: Sequencer },
    projects: [
      {
        // What the terminal says of memory is counted on the kernels' own layout.
        plugins: [kernels()],
        test: {
          name: 'unit',
          setupFiles: [...setupFiles, 'tests/support/fresh-modules.ts'],
          isolate: false,
          pool: unitPool,
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.gpu.test.ts'],
          // No test waits; the limit is for machines that have other work.
          testTimeout: 30_000,
          maxWorkers,
        },
      },
      {
        plugins: [kernels()],
        test: {
          name: 'gpu',
          setupFiles,
          include: ['src/**/*.gpu.test.ts', 'tests/**/*.gpu.test.ts', 'bench/**/*.gpu.test.ts'],
          server,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Two, since compiling a kernel takes one core; more would ask for more memory than small machines have.
          maxWorkers: 2,
        },
      },
      {
        plugins: [kernels()],
        test: {
          name: 'python',
          setupFiles,
          include: ['tests/**/*.python.test.ts'],
          server,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Two, since PyTorch takes a gigabyte in each.
          maxWorkers: 2,
        },
      },
    ],
  },
});
