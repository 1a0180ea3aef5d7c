/** A student with fewer layers. */
import { InputError } from '../../base/errors.ts';
import { formatCount } from '../../base/units.ts';
import type { T5Config, Weights } from '../config.ts';
import type { Student } from '../folder.ts';
import { expectedParameters } from '../parameters.ts';

/** How many layers to keep, evenly spaced, or which: block numbers from 0, as in the names of the weights. */
export type LayerChoice = number | readonly number[];

export interface LayerOptions {
  /** Left out: all. */
  encoder?: LayerChoice;
  decoder?: LayerChoice;
}

export interface ReducedLayers {
  /** Shares its weights with the given student. */
  student: Student;
  /** Old block numbers, by new ones. */
  kept: { encoder: number[]; decoder: number[] };
}

type Stack = 'encoder' | 'decoder';

/**
 * Keeps some layers of each stack, in the order that they had. A count keeps the first and the last and spaces the
 * others evenly; a count of 1 keeps the first. The relative position bias, which block 0 owns for its whole stack,
 * goes to the new block 0, whichever layer that is; UMT5's layers keep their own.
 * @throws InputError where no layer would be kept, or a number is out of range or there twice.
 */
export function reduceLayers(student: Student, options: LayerOptions): ReducedLayers {
  const { config } = student;
  const kept = {
    encoder: chosenLayers('encoder', options.encoder, config.num_layers),
    decoder: chosenLayers('decoder', options.decoder, config.num_decoder_layers),
  };
  const layers = { num_layers: kept.encoder.length, num_decoder_layers: kept.decoder.length };
  const reduced: T5Config = { ...config, ...layers };
  const weights: Weights = new Map(
    expectedParameters(reduced).map(({ name }) => [name, student.weights.get(oldName(config, name, kept))!]),
  );
  const said = (['encoder', 'decoder'] as const).flatMap((stack) => {
    const before = stack === 'encoder' ? config.num_layers : config.num_decoder_layers;
    if (kept[stack].length === before) return [];
    return [`Of ${formatCount(before)} ${stack} layers ${kept[stack].join(', ')} were kept.`];
  });
  return {
    kept,
    student: {
      ...student,
      config: reduced,
      rawConfig: { ...student.rawConfig, ...layers },
      weights,
      notes: [...student.notes, ...said],
    },
  };
}

/** A count (`4`), or block numbers with commas between them (`0,2,5`; `0,` for one alone); null where it is neither. */
export function readLayerChoice(text: string): LayerChoice | null {
  const parts = text.split(',').map((part) => part.trim());
  const isList = parts.length > 1;
  if (isList && parts.at(-1) === '') parts.pop();
  if (!parts.every((part) => /^\d+$/.test(part))) return null;
  const numbers = parts.map(Number);
  return isList ? numbers : numbers[0]!;
}

/** `count` of `layers`, the first and the last among them, evenly spaced. */
export function evenlySpaced(count: number, layers: number): number[] {
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, index) => Math.round((index * (layers - 1)) / (count - 1)));
}

function chosenLayers(stack: Stack, choice: LayerChoice | undefined, layers: number): number[] {
  if (choice === undefined) return evenlySpaced(layers, layers);
  const there = `The student has ${formatCount(layers)} ${stack} ${layers === 1 ? 'layer' : 'layers'}`;
  if (choice === 0 || (typeof choice === 'object' && choice.length === 0)) {
    throw new InputError(`No ${stack} layer would be kept.`, `Keep at least one. ${there}.`);
  }
  if (typeof choice === 'number') {
    if (Number.isInteger(choice) && choice >= 1 && choice <= layers) return evenlySpaced(choice, layers);
    throw new InputError(
      `${there}, so that ${choice} cannot be kept.`,
      `Give a whole number from 1 to ${layers}, or the numbers of the layers.`,
    );
  }
  const outside = choice.find((block) => !(Number.isInteger(block) && block >= 0 && block < layers));
  if (outside !== undefined) {
    throw new InputError(
      `There is no ${stack} layer ${outside}. ${there}.`,
      `Layers are numbered from 0 to ${layers - 1}.`,
    );
  }
  const twice = choice.find((block, index) => choice.indexOf(block) !== index);
  if (twice !== undefined)
    throw new InputError(`The ${stack} layer ${twice} is there twice.`, 'Name each layer once.');
  return [...choice].sort((a, b) => a - b);
}

function oldName(config: T5Config, name: string, kept: Readonly<Record<Stack, readonly number[]>>): string {
  if (config.bias_in_every_layer !== true && name.endsWith('.relative_attention_bias.weight')) return name;
  return name.replace(
    /^(encoder|decoder)\.block\.(\d+)\./,
    (_, stack: Stack, block: string) => `${stack}.block.${kept[stack][Number(block)]!}.`,
  );
}
