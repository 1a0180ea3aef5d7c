import type { T5Config } from '../../student/config.ts';
import type { TrainingShape } from '../../student/memory.ts';
import type { StudentPart } from '../../student/reduce/freeze.ts';
import { studio } from '../state/studio.ts';
import { useAsked } from '../state/use-asked.ts';

/** Work of a training step for each configuration, by the plan's count; null until the worker has said. */
export function useStepFlops(
  configs: readonly T5Config[],
  shape: TrainingShape | null,
  freeze: readonly StudentPart[],
): number[] | null {
  return useAsked(shape === null ? null : { configs, shape, freeze }, studio.estimateSteps);
}
