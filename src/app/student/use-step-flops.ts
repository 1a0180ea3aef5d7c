import { useEffect, useState } from 'react';
import type { T5Config } from '../../student/config.ts';
import type { TrainingShape } from '../../student/memory.ts';
import type { StudentPart } from '../../student/reduce/freeze.ts';
import { studio } from '../state/studio.ts';

/** Work of a training step for each configuration, by the plan's count; null until the worker has said. */
export function useStepFlops(
  configs: readonly T5Config[],
  shape: TrainingShape | null,
  freeze: readonly StudentPart[],
): number[] | null {
  const [found, setFound] = useState<{ key: string; flops: number[] } | null>(null);
  // By content: records are read anew now and then, and are other objects then.
  const key = JSON.stringify({ configs, shape, freeze });
  useEffect(() => {
    const command = JSON.parse(key) as {
      configs: T5Config[];
      shape: TrainingShape | null;
      freeze: StudentPart[];
    };
    if (command.shape === null) return;
    let wanted = true;
    void studio.estimateSteps({ ...command, shape: command.shape }).then((flops) => {
      if (wanted && flops !== null) setFound({ key, flops });
    });
    return () => {
      wanted = false;
    };
  }, [key]);
  return found?.key === key ? found.flops : null;
}
