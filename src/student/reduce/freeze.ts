/** Which weights of a student training leaves as they are. */
import { InputError } from '../../base/errors.ts';
import type { T5Config } from '../config.ts';
import { expectedParameters } from '../parameters.ts';

/** The parts of a student; each weight belongs to one. */
export interface FreezeChoice {
  /** `shared.weight`: the input embeddings, in tied students the output as well. */
  embeddings: boolean;
  /** Every layer of the encoder. */
  encoder: boolean;
  /** Every layer of the decoder, and the output (`lm_head.weight`) of untied students. Default: trained. */
  decoder?: boolean;
}

/**
 * Names of the weights that are not trained: they have no gradients and no moments.
 * @throws InputError where nothing would be left to train.
 */
export function frozenParameters(config: T5Config, choice: FreezeChoice): Set<string> {
  const { embeddings, encoder, decoder = false } = choice;
  const isFrozen = (name: string): boolean => {
    if (name === 'shared.weight') return embeddings;
    return name.startsWith('encoder.') ? encoder : decoder;
  };
  const names = expectedParameters(config).map(({ name }) => name);
  const frozen = new Set(names.filter(isFrozen));
  if (frozen.size === names.length) {
    throw new InputError(
      'Everything is frozen, so that nothing would be trained.',
      'Leave the embeddings, the encoder or the decoder free.',
    );
  }
  return frozen;
}
