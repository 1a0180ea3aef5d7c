import { expect, test } from 'vitest';
import { openNodeGpu } from '../tfjs/node-backend.ts';

/** Takes a GPU in software some hundred milliseconds. */
const work = `
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = sums[id.x];
  for (var i = 0u; i < 200000u; i += 1u) {
    sum = fma(sum, 0.5, 1.0);
  }
  sums[id.x] = sum;
}`;

test('Dawn’s binding rests while a GPU is at work', async ({ skip }) => {
  let turns = 0;
  const immediately = globalThis.setImmediate;
  globalThis.setImmediate = ((...given: Parameters<typeof immediately>) => {
    turns += 1;
    return immediately(...given);
  }) as typeof immediately;
  const adapter = await (await openNodeGpu())?.requestAdapter();
  if (!adapter) return skip('No GPU on this machine.');
  const device = await adapter.requestDevice();
  const module = device.createShaderModule({ code: work });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const buffer = device.createBuffer({ size: 4 * 1024, usage: GPUBufferUsage.STORAGE });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    }),
  );
  pass.dispatchWorkgroups(16);
  pass.end();
  const startedAt = performance.now();
  turns = 0;
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  const elapsedMs = performance.now() - startedAt;
  // Where it does not rest, turns are hundreds a millisecond, for as long as the work lasts; here for the first one.
  expect(turns).toBeLessThan(2_000 + elapsedMs);
  device.destroy();
});
