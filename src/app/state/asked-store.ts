/** What was asked and answered since the page was opened, by run: going to another screen loses none of it. */
import { createStore } from 'zustand/vanilla';
import type { Asked } from '../../distill/ask.ts';

/** Newest first. */
export const askedStore = createStore<Record<string, readonly Asked[]>>(() => ({}));

const keptAnswers = 20;

export function keepAsked(runId: string, asked: Asked): void {
  askedStore.setState((before) => ({ [runId]: [asked, ...(before[runId] ?? [])].slice(0, keptAnswers) }));
}
