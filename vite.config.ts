import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';
import { kernels } from './scripts/build-kernels.mjs';
import { demoBesideStudio } from './scripts/demo-program.mjs';
import { frames, headersOfServer, policyInPage } from './scripts/headers.mjs';
import { licences } from './scripts/licences.mjs';
import { offline } from './scripts/offline.mjs';
import { repositoryPage } from './scripts/repository.mjs';
import manifest from './package.json' with { type: 'json' };

const { collect, write } = licences();

export default defineConfig({
  // The built folder works under any address: nothing in it names its own.
  base: './',
  // ONNX Runtime without a copy of its program in the script: src/in-tab/runtime-urls.ts names the one that is fetched.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
  plugins: [react(), kernels(), headersOfServer(), policyInPage(), write, demoBesideStudio(), offline()],
  // The page of issues, for the benchmark's form; null where package.json has no repository.
  define: { 'import.meta.env.VITE_REPOSITORY': JSON.stringify(repositoryPage(manifest)) },
  worker: {
    format: 'es',
    plugins: () => [kernels(), collect],
    // What the page loads late, a worker may need from the beginning.
    rolldownOptions: { checks: { ineffectiveDynamicImport: false, bundlerTimings: false } },
  },
  // Found by the worker only when it first trains, they would reload the page under it in development.
  optimizeDeps: {
    include: [
      '@huggingface/transformers',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-core/dist/register_all_gradients.js',
      '@tensorflow/tfjs-backend-cpu/dist/index.js',
      '@tensorflow/tfjs-backend-wasm/dist/index.js',
      '@tensorflow/tfjs-backend-webgpu/dist/index.js',
    ],
  },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: ['index.html', ...Object.keys(frames)],
      // Nothing that a person who starts the studio could mend.
      checks: { bundlerTimings: false },
    },
  },
});
