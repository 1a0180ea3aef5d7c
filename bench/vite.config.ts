import { defineConfig } from 'vite';
import { kernels } from '../scripts/build-kernels.mjs';

// The benchmark as one program for Node, like the headless one.
export default defineConfig({
  publicDir: false,
  plugins: [kernels()],
  build: {
    ssr: 'bench/run.ts',
    outDir: 'build/bench',
    target: 'node20',
    emptyOutDir: false,
    rolldownOptions: {
      output: { entryFileNames: 'run.js' },
      // What the page loads late is here all the same: no reason to warn whoever runs a command first.
      checks: { ineffectiveDynamicImport: false, bundlerTimings: false },
    },
  },
  ssr: { noExternal: true, external: ['webgpu', '@jax-js/jax'] },
});
