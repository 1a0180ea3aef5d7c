import { expect, test } from 'vitest';
import type { Machine } from '../../worker/protocol.ts';
import { machineWords, proofWords } from './machine-words.ts';

const gpu = (proof: Machine['gpu']['proof']): Machine['gpu'] => ({
  kind: 'hardware',
  description: 'A card',
  proof,
});

test('what the check of a GPU found is said with its day and its worst difference', () => {
  const checkedAt = '2026-11-28T12:00:00.000Z';
  expect(proofWords(gpu(null))).toMatch(/^Not checked yet/);
  expect(proofWords(gpu({ checkedAt, worstDifference: 2.4e-6, verdict: 'right' }))).toBe(
    'Computes rightly. Checked on 28 Nov 2026: a step differs from the CPU’s by 2e-6 at most.',
  );
  expect(proofWords(gpu({ checkedAt, worstDifference: 0.12, verdict: 'wrong' }))).toContain(
    'differences of 12.00 %',
  );
  expect(proofWords(gpu({ checkedAt, worstDifference: null, verdict: 'wrong' }))).toContain('no numbers');
});

test('a GPU that computes wrongly is not what training runs on', () => {
  const machine = { crossOriginIsolated: true, threads: 2, backend: 'wasm' as const };
  const wrong = { checkedAt: '2026-11-28', worstDifference: 0.1, verdict: 'wrong' as const };
  expect(machineWords({ ...machine, gpu: gpu(wrong) })).toContain('on the CPU');
  expect(machineWords({ ...machine, gpu: gpu(null) })).toContain('with WebGPU');
});
