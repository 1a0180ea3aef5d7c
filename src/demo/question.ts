/** A question on its way through the student of a demo page, and what the page says of it. */
import type { Engine } from '../engine/engine.ts';
import type { DemoFacts } from '../export/demo/page.ts';
import type { Student } from '../student/folder.ts';

export interface Opened {
  facts: DemoFacts;
  student: Pick<Student, 'tokenizer'>;
  engine: Pick<Engine, 'generate'>;
}

/** What the student wrote. */
export interface AnswerPart {
  title: 'Answer' | 'Rationale';
  text: string;
}

/** The answer, and the rationale of a student that was taught to give one. */
export async function partsFor({ facts, student, engine }: Opened, question: string): Promise<AnswerPart[]> {
  const ask = async (prompt: string): Promise<string> => {
    const input = student.tokenizer.encode(prompt, facts.maxInputTokens);
    const options = { numBeams: 1, ...facts.generation, maxNewTokens: facts.maxNewTokens };
    const [generation] = await engine.generate([input], options);
    return student.tokenizer.decode(generation!.ids);
  };
  const parts: AnswerPart[] = [{ title: 'Answer', text: await ask(facts.answerPrefix + question) }];
  if (facts.rationalePrefix !== null)
    parts.push({ title: 'Rationale', text: await ask(facts.rationalePrefix + question) });
  return parts;
}

/** One question at a time, and none that is blank: others are left out. @param work Does not fail. */
export function oneByOne(work: (question: string) => Promise<void>): (question: string) => Promise<void> {
  let isAsking = false;
  return async (question) => {
    const text = question.trim();
    if (isAsking || text === '') return;
    isAsking = true;
    try {
      await work(text);
    } finally {
      isAsking = false;
    }
  };
}

/** What the student reads, as a sentence for the person. */
export function readWords({ answerPrefix }: Pick<DemoFacts, 'answerPrefix'>): string {
  const fed =
    answerPrefix === '' ? 'the bare question' : `“${answerPrefix}” and the question, for the answer`;
  return `Everything is in this file and stays on this machine. The student reads ${fed}.`;
}
