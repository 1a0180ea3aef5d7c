import type ts from 'typescript';

export interface Mutant {
  from: number;
  to: number;
  line: number;
  was: string;
  now: string;
}

export function mutantsOf(compiler: typeof ts, text: string, file: string): Mutant[];
export function pick<Item>(list: readonly Item[], count: number, seed: number): Item[];
