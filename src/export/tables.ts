/** A run's numbers and answers as files for other programs. */
import type { Question } from '../data/questions-file.ts';
import type { Written } from '../distill/methods.ts';
import type { MetricsPoint, Prediction } from '../distill/run-state.ts';

const metricsColumns = [
  'step',
  'learningRate',
  'answerLoss',
  'rationaleLoss',
  'loss',
  'gradNorm',
  'tokens',
  'elapsedMs',
] as const satisfies readonly (keyof MetricsPoint)[];

/** Metrics as CSV (RFC 4180: CRLF, a header line); a loss that a step did not have is an empty cell. */
export function metricsCsv(points: Iterable<MetricsPoint>): string {
  const lines: string[] = [metricsColumns.join(',')];
  for (const point of points) lines.push(metricsColumns.map((column) => point[column] ?? '').join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** Metrics as JSON Lines, one object a step, keys in the same order. */
export function metricsJsonLines(points: Iterable<MetricsPoint>): string {
  let text = '';
  for (const point of points) {
    const { step, learningRate, answerLoss, rationaleLoss, loss, gradNorm, tokens, elapsedMs } = point;
    const line = { step, learningRate, answerLoss, rationaleLoss, loss, gradNorm, tokens, elapsedMs };
    text += `${JSON.stringify(line)}\n`;
  }
  return text;
}

/** Predictions as JSON Lines, one object a test row. */
export function predictionsJsonLines(predictions: Iterable<Prediction>): string {
  let text = '';
  for (const prediction of predictions) {
    const { row, input, label, writtenLabel, teacher, base, distilled, rationale, judgedBy } = prediction;
    // `writtenLabel` has no key where it is the label, and `teacherRationale` none where there is none.
    const teacherRationale = prediction.teacherRationale ?? undefined;
    const answers = { teacher, base, distilled, rationale, teacherRationale };
    text += `${JSON.stringify({ row, input, label, writtenLabel, ...answers, judgedBy })}\n`;
  }
  return text;
}

/**
 * Answers to a file of questions as JSON Lines, one object a question in the file's order. What a row has no value for
 * (an id, a true answer, a rationale) has no key.
 * @param answers Of the first questions, or of all.
 */
export function answersJsonLines({
  questions,
  answers,
}: {
  questions: readonly Question[];
  answers: readonly Written[];
}): string {
  let text = '';
  for (const [index, { answer, rationale }] of answers.entries()) {
    const { row, id, text: question, label } = questions[index]!;
    const line = {
      row,
      id: id ?? undefined,
      question,
      label: label ?? undefined,
      answer,
      rationale: rationale ?? undefined,
    };
    text += `${JSON.stringify(line)}\n`;
  }
  return text;
}
