/** Another attempt after a failure: a fresh engine of the same kind, and the run as it was at its newest checkpoint. */
import { LostWeightsError } from '../base/errors.ts';
import type { Resumption } from '../distill/checkpoint.ts';
import type { Control } from '../distill/control.ts';
import type { CheckpointStore, OpenEngine, RunSink, RunSoFar } from '../distill/ports.ts';
import type { Recovery } from '../distill/recovery.ts';
import type { RunState } from '../distill/run-state.ts';
import type { EngineRequest } from '../engine/choose.ts';
import { variantOf } from '../engine/wasm/kernel-variant.ts';
import type { Turn } from './engine-owner.ts';

/** Where a run writes, and how it gets its engine and hears of a person's wishes. */
export interface RunPorts {
  sink: RunSink;
  checkpoints: CheckpointStore;
  open: OpenEngine;
  control: Control;
}

export type TrainEnd = RunState & { phase: 'done' | 'failed' };

/**
 * Waits as long as the verdict says, then makes ready for another attempt.
 * @returns Where to resume, or how the run has ended since the person stopped it meanwhile.
 * @throws The failure, or one that asks for a decision, where trying again is of no use.
 */
export async function recover(
  turn: Turn,
  { sink, checkpoints, control, open }: RunPorts,
  recovery: Recovery,
  failure: unknown,
): Promise<{ kind: 'again'; from: Resumption | null } | { kind: 'ended'; end: TrainEnd }> {
  const description = turn.engine.describe();
  const { engine, backend } = description;
  // Without a GPU nothing is lost but by a restore that failed, and what else fails once fails again.
  if (backend !== 'webgpu' && !(failure instanceof LostWeightsError)) throw failure;
  const request: EngineRequest = {
    engine: engine === 'twin' ? null : engine,
    backend,
    kernels: variantOf(description),
  };
  turn.discard();
  const isStopped = (): boolean => control.stopRequested;
  let error = failure;
  let rewound: { from: Resumption | null } | null = null;
  for (let opening = false; ; opening = true) {
    const { step, savedStep } = sink.soFar;
    const verdict = recovery.after(error, savedStep, opening);
    if (verdict.kind === 'fail') throw verdict.error;
    await sink.state({ phase: 'recovering', step, reason: verdict.reason });
    await control.sleep(verdict.waitMs);
    if (isStopped()) return { kind: 'ended', end: await stopBefore(sink) };
    // Once: a large checkpoint takes a while to check, and nothing of it changes while the GPU is waited for.
    rewound ??= { from: await checkpoints.rewind() };
    if (isStopped()) return { kind: 'ended', end: await stopBefore(sink) };
    try {
      const tell = (done: number, total: number) => sink.tell({ phase: 'compiling', done, total });
      turn.replace(await open(request, tell, control.stopSignal));
      return { kind: 'again', from: rewound.from };
    } catch (problem) {
      if (isStopped()) return { kind: 'ended', end: await stopBefore(sink) };
      error = problem;
    }
  }
}

/** Ends a run that a person stopped before its weights were on an engine: what was saved of it stays. */
export async function stopBefore(sink: Pick<RunSink, 'soFar' | 'state'>): Promise<TrainEnd> {
  const { savedStep } = sink.soFar;
  const end: TrainEnd = { phase: 'done', step: savedStep ?? 0, stopped: true };
  await sink.state(end);
  return end;
}

/** The state of a run that is not resumed. */
export function asStopped({ savedStep }: Pick<RunSoFar, 'savedStep'>): TrainEnd {
  if (savedStep !== null) return { phase: 'done', step: savedStep, stopped: true };
  const message = 'The run was interrupted before its first checkpoint, so it kept no weights. Train again.';
  return { phase: 'failed', step: 0, error: { name: 'Interrupted', message, file: null, line: null } };
}
