import { useEffect, useState } from 'react';
import type { Recipe } from '../../distill/recipe.ts';
import type { RowLengths } from '../../distill/memory-of-run.ts';
import type { T5Config } from '../../student/config.ts';
import type { MemoryOfRun } from '../../worker/protocol.ts';
import { engineRequest } from './machine-choice.ts';
import { studio } from './studio.ts';
import { useStudio } from './studio-store.ts';

/** What a run takes with each configuration, by the plan's own count; null until the worker has said. */
export function useRunMemory(
  configs: readonly T5Config[],
  recipe: Recipe | null,
  lengths: RowLengths | null,
): MemoryOfRun[] | null {
  const backend = useStudio((state) => state.backend);
  const [found, setFound] = useState<{ key: string; memory: MemoryOfRun[] } | null>(null);
  // By content: records are read anew now and then, and are other objects then.
  const key = JSON.stringify({ configs, recipe, lengths, request: engineRequest(backend) });
  useEffect(() => {
    const command = JSON.parse(key) as Omit<Parameters<typeof studio.estimateMemory>[0], 'recipe'> & {
      recipe: Recipe | null;
    };
    if (command.recipe === null) return;
    let wanted = true;
    void studio.estimateMemory({ ...command, recipe: command.recipe }).then((memory) => {
      if (wanted && memory !== null) setFound({ key, memory });
    });
    return () => {
      wanted = false;
    };
  }, [key]);
  return found?.key === key ? found.memory : null;
}
