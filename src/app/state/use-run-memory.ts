import type { Recipe } from '../../distill/recipe.ts';
import type { RowLengths } from '../../distill/memory-of-run.ts';
import type { T5Config } from '../../student/config.ts';
import type { MemoryOfRun } from '../../worker/protocol.ts';
import { engineRequest } from './machine-choice.ts';
import { studio } from './studio.ts';
import { useStudio } from './studio-store.ts';
import { useAsked } from './use-asked.ts';

/** What a run takes with each configuration, by the plan's own count; null until the worker has said. */
export function useRunMemory(
  configs: readonly T5Config[],
  recipe: Recipe | null,
  lengths: RowLengths | null,
): MemoryOfRun[] | null {
  const backend = useStudio((state) => state.backend);
  const request = engineRequest(backend);
  return useAsked(memoryQuestion(configs, recipe, lengths, request), studio.estimateMemory);
}

/** What the worker is asked; null as long as the recipe is wrong, or nothing is known of the rows. */
export function memoryQuestion(
  configs: readonly T5Config[],
  recipe: Recipe | null,
  lengths: RowLengths | null,
  request: ReturnType<typeof engineRequest>,
): Parameters<typeof studio.estimateMemory>[0] | null {
  return recipe === null || lengths === null ? null : { configs, recipe, lengths, request };
}
