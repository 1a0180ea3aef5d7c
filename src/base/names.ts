/** Names that a person remembers: what a run is called until somebody renames it. */
import type { RandomSequence } from './random.ts';

const metals = [
  'amber',
  'brass',
  'bronze',
  'cobalt',
  'copper',
  'coral',
  'ember',
  'gilt',
  'indigo',
  'iron',
  'ivory',
  'jade',
  'lead',
  'nickel',
  'ochre',
  'opal',
  'pewter',
  'quartz',
  'rust',
  'silver',
  'slate',
  'tin',
  'umber',
  'zinc',
];
const birds = [
  'avocet',
  'bittern',
  'crane',
  'curlew',
  'dunlin',
  'egret',
  'finch',
  'gannet',
  'godwit',
  'heron',
  'ibis',
  'jay',
  'kestrel',
  'lark',
  'martin',
  'osprey',
  'petrel',
  'plover',
  'rail',
  'snipe',
  'swift',
  'tern',
  'wagtail',
  'wren',
];

/** A metal or a colour, and a bird: `copper-heron`. */
export function memorableName(random: RandomSequence): string {
  return `${metals[random.nextInt(metals.length)]!}-${birds[random.nextInt(birds.length)]!}`;
}
