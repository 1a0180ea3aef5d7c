/**
 * What TensorFlow.js expects to find in Node, put there before it is loaded: its wasm glue is CommonJS inside of ES
 * modules and calls `require` and `__dirname`. Import this first, for its effect.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const globals = globalThis as { require?: unknown; __dirname?: string };
globals.require ??= createRequire(import.meta.url);
globals.__dirname ??= dirname(fileURLToPath(import.meta.url));
