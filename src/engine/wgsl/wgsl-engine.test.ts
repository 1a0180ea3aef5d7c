import { expect, test } from 'vitest';
import { lastProof, type AdapterRecord } from '../gpu/adapter-notes.ts';
import { tinyEngineStudent } from '../plan/testing/tiny-engine.ts';
import { openFakeGpu } from './testing/fake-gpu.ts';
import { createWgslEngine } from './wgsl-engine.ts';

test('a GPU that computes nothing is refused, closed, and noted as wrong', async () => {
  const { adapter, isDestroyed } = await openFakeGpu();
  const written: AdapterRecord[] = [];
  const opened = createWgslEngine(tinyEngineStudent(), {
    gpu: { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU,
    reason: 'A test.',
    memory: {
      browser: 'a browser',
      read: () => Promise.resolve(null),
      write: (_, record) => {
        written.push(record);
        return Promise.resolve();
      },
    },
  });
  await expect(opened).rejects.toThrow(/This GPU computes wrongly: .* values differ from the CPU’s by \d/);
  expect(lastProof(written.at(-1)!)?.verdict).toBe('wrong');
  expect(isDestroyed()).toBe(true);
});
