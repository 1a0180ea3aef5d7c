import { expect, it } from 'vitest';
import type { GenerateOptions } from '../engine/engine.ts';
import type { DemoFacts } from '../export/demo/page.ts';
import { oneByOne, partsFor, readWords, type Opened } from './question.ts';

const facts: DemoFacts = {
  name: 'a student',
  answerPrefix: 'predict: ',
  rationalePrefix: 'explain: ',
  maxInputTokens: 12,
  maxNewTokens: 5,
  generation: null,
  examples: [],
};

/** A student that says what it was asked, one token for each letter. */
function told(changes: Partial<DemoFacts> = {}) {
  const asked: { prompt: string; options: GenerateOptions }[] = [];
  const opened = {
    facts: { ...facts, ...changes },
    student: {
      tokenizer: {
        encode: (text: string, most: number) =>
          Int32Array.from(text.slice(0, most), (letter) => letter.charCodeAt(0)),
        decode: (ids: Int32Array) => String.fromCharCode(...ids).toUpperCase(),
      },
    },
    engine: {
      generate: (inputs: readonly Int32Array[], options: GenerateOptions) => {
        asked.push({ prompt: String.fromCharCode(...inputs[0]!), options });
        return Promise.resolve([{ ids: inputs[0]!.slice(-1) }]);
      },
    },
  } as unknown as Opened;
  return { opened, asked };
}

it('asks for the answer, and for the rationale of a student that gives one', async () => {
  const { opened, asked } = told();
  expect(await partsFor(opened, 'abcde')).toEqual([
    { title: 'Answer', text: 'C' },
    { title: 'Rationale', text: 'C' },
  ]);
  // Cut to as many tokens as the run read.
  expect(asked.map(({ prompt }) => prompt)).toEqual(['predict: abc', 'explain: abc']);
  expect(asked[0]!.options).toEqual({ numBeams: 1, maxNewTokens: 5 });
  const bare = told({ answerPrefix: '', rationalePrefix: null });
  expect(await partsFor(bare.opened, 'abc')).toEqual([{ title: 'Answer', text: 'C' }]);
});

it('asks one question at a time, again after its end, and none that is blank', async () => {
  const questions: string[] = [];
  let end = (): void => undefined;
  const ask = oneByOne((question) => {
    questions.push(question);
    return new Promise((resolve) => (end = resolve));
  });
  await ask('  ');
  const first = ask(' one ');
  await ask('two');
  end();
  await first;
  void ask('three');
  expect(questions).toEqual(['one', 'three']);
});

it('says what the student reads', () => {
  expect(readWords(facts)).toContain('“predict: ” and the question');
  expect(readWords({ answerPrefix: '' })).toContain('the bare question');
});
