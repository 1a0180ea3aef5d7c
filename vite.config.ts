import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { securityHeaders } from './scripts/headers.mjs';
import { tfjsThreads } from './scripts/tfjs-threads.mjs';

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es', plugins: () => [tfjsThreads()] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1500 },
  server: { headers: securityHeaders({ development: true }) },
  preview: { headers: securityHeaders({ development: false }) },
});
