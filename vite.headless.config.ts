import { defineConfig } from 'vite';
import { kernels } from './scripts/build-kernels.mjs';
import { licences } from './scripts/licences.mjs';

// One program for Node. TensorFlow.js is bundled so that its ESM builds are used: its Node builds lack the gradient
// registry. `webgpu` stays outside: it is a native module.
export default defineConfig({
  publicDir: false,
  plugins: [kernels(), licences().write],
  build: {
    ssr: 'src/headless/main.ts',
    outDir: 'build/headless',
    target: 'node20',
    emptyOutDir: false,
    rolldownOptions: {
      output: { entryFileNames: 'main.js' },
      // What the page loads late is here all the same: no reason to warn whoever runs a command first.
      checks: { ineffectiveDynamicImport: false, bundlerTimings: false },
    },
  },
  ssr: { noExternal: true, external: ['webgpu'] },
});
