import type { WatchedMoment } from '../../distill/watched.ts';

export interface TrailMark {
  /** The first step of this answer. */
  step: number;
  answer: string;
}

/** How an answer changed on the way to a moment: one mark for each answer that is not the one before it. */
export function answerTrail(moments: readonly WatchedMoment[], question: number): TrailMark[] {
  const trail: TrailMark[] = [];
  for (const { step, answers } of moments) {
    const answer = answers[question]?.answer;
    if (answer === undefined || answer === trail.at(-1)?.answer) continue;
    trail.push({ step, answer });
  }
  return trail;
}
