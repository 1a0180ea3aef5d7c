import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { kernels } from './scripts/build-kernels.mjs';
import { securityHeaders } from './scripts/headers.mjs';

export default defineConfig({
  plugins: [react(), kernels()],
  worker: { format: 'es', plugins: () => [kernels()] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1500 },
  server: { headers: securityHeaders({ development: true }) },
  preview: { headers: securityHeaders({ development: false }) },
});
