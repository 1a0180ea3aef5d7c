import { defineConfig } from 'vite';
import { kernels } from './scripts/build-kernels.mjs';

// The program of a demo page: one classic script with the kernels in it, which `headless export --demo` puts into the page.
export default defineConfig({
  publicDir: false,
  plugins: [kernels()],
  build: {
    outDir: 'build/headless',
    emptyOutDir: false,
    target: 'es2023',
    lib: { entry: 'src/demo/main.ts', formats: ['iife'], name: 'demo', fileName: () => 'demo.js' },
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
});
