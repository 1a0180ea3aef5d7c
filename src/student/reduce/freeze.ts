/** Which weights of a student training leaves as they are. */
import { InputError } from '../../base/errors.ts';
import type { T5Config } from '../config.ts';
import { expectedParameters } from '../parameters.ts';

/**
 * The parts of a student; each weight belongs to one.
 * - `embeddings`: `shared.weight`, the input embeddings; in tied students the output as well.
 * - `encoder`: every layer of the encoder, its relative position bias and its final norm.
 * - `decoder`: every layer of the decoder likewise, and the output (`lm_head.weight`) of untied students.
 */
export const studentParts = ['embeddings', 'encoder', 'decoder'] as const;
export type StudentPart = (typeof studentParts)[number];

/** The part that a weight belongs to. */
function partOf(name: string): StudentPart {
  if (name === 'shared.weight') return 'embeddings';
  return name.startsWith('encoder.') ? 'encoder' : 'decoder';
}

/**
 * Names of the weights that are not trained: they have no gradients and no moments.
 * @throws InputError where nothing would be left to train.
 */
export function frozenParameters(config: T5Config, parts: readonly StudentPart[]): Set<string> {
  const names = expectedParameters(config).map(({ name }) => name);
  const frozen = new Set(names.filter((name) => parts.includes(partOf(name))));
  if (frozen.size === names.length) {
    throw new InputError(
      'Everything is frozen, so that nothing would be trained.',
      'Leave the embeddings, the encoder or the decoder free.',
    );
  }
  return frozen;
}
