/** Questions of a person's own that Watch it learn asks, by dataset: of the run at work, and of those to come. */
import { createStore } from 'zustand/vanilla';
import { mostOwnQuestions } from '../../distill/watched.ts';
import { keepChoice, readChoice } from './choices.ts';

type Pinned = Readonly<Record<string, readonly string[]>>;

/** As they were kept; nothing where somebody else's text is under our name. */
function kept(): Pinned {
  try {
    const value = JSON.parse(readChoice('pinned-questions') ?? '{}') as unknown;
    if (typeof value !== 'object' || value === null) return {};
    const sound = Object.entries(value).filter(
      (entry): entry is [string, string[]] =>
        Array.isArray(entry[1]) && entry[1].every((one) => typeof one === 'string'),
    );
    return Object.fromEntries(sound.map(([id, questions]) => [id, questions.slice(0, mostOwnQuestions)]));
  } catch {
    return {};
  }
}

export const pinnedStore = createStore<{ pinned: Pinned }>(() => ({ pinned: kept() }));

export function pinnedQuestions(datasetId: string): readonly string[] {
  return pinnedStore.getState().pinned[datasetId] ?? [];
}

/** Pins a question, or lets it go. @returns Those that are pinned then. */
export function pinQuestion(datasetId: string, question: string, isPinned: boolean): readonly string[] {
  const others = pinnedQuestions(datasetId).filter((one) => one !== question);
  const questions = isPinned ? [...others, question].slice(-mostOwnQuestions) : others;
  const { [datasetId]: _before, ...rest } = pinnedStore.getState().pinned;
  const pinned = questions.length === 0 ? rest : { ...rest, [datasetId]: questions };
  pinnedStore.setState({ pinned });
  keepChoice('pinned-questions', JSON.stringify(pinned));
  return questions;
}
