/**
 * A student that answers what a test tells it to: its tokenizer has a token for each letter, and what it says follows from
 * the text that it is asked and from whose weights are on the engine.
 */
import type { Engine, GenerateOptions } from '../../engine/engine.ts';
import { puttingBack } from '../../engine/stand-in.ts';
import type { Weights } from '../../student/config.ts';

/** The end token; letters are their code points. */
const endId = 1;

export const letters = {
  encode(text: string, maxTokens = Infinity): Int32Array {
    const ids = Array.from(text, (letter) => letter.codePointAt(0)!);
    return Int32Array.from([...ids.slice(0, maxTokens - 1), endId]);
  },
  decode(ids: Int32Array): string {
    return Array.from(
      ids.filter((id) => id !== endId),
      (id) => String.fromCodePoint(id),
    ).join('');
  },
};

/** Weights that are known by a number: `trained` is on the engine first. */
export const trained: Weights = new Map([['w', Float32Array.of(2)]]);
export const base: Weights = new Map([['w', Float32Array.of(1)]]);

export interface ToldStudent {
  engine: Engine;
  /** Each time that it was asked: texts that went through together, and how. */
  asked: { texts: string[]; options: GenerateOptions; isBase: boolean }[];
  /** The number of the weights on the engine. */
  weight: () => number;
}

/** @param say Its words for a text. At most `maxNewTokens` letters of them come, the end token included. */
export function toldStudent(say: (text: string, isBase: boolean) => string): ToldStudent {
  let weights = trained;
  const asked: ToldStudent['asked'] = [];
  const weight = (): number => weights.get('w')![0]!;
  const engine = {
    generate: (inputs: readonly Int32Array[], options: GenerateOptions) => {
      const texts = inputs.map((ids) => letters.decode(ids));
      const isBase = weight() === 1;
      asked.push({ texts, options, isBase });
      return Promise.resolve(
        texts.map((text) => ({ ids: letters.encode(say(text, isBase), options.maxNewTokens), score: null })),
      );
    },
    standIn: (other: Weights) => {
      const before = weights;
      weights = other;
      return Promise.resolve(
        puttingBack(() => {
          weights = before;
          return Promise.resolve();
        }),
      );
    },
  };
  return { engine: engine as unknown as Engine, asked, weight };
}
