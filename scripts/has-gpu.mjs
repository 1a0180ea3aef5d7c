/** Exits with 0 where this machine's own drivers offer WebGPU in Node, with 1 where they do not. Says nothing. */
try {
  const { create } = await import('webgpu');
  // Kept in a global: Dawn's instance must outlive its adapters.
  globalThis.gpu = create([]);
  process.exit((await globalThis.gpu.requestAdapter()) ? 0 : 1);
} catch {
  process.exit(1);
}
