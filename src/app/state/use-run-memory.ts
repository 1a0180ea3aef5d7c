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
  const command = recipe === null || lengths === null ? null : { configs, recipe, lengths, request };
  return useAsked(command, studio.estimateMemory);
}
