/** A run's curve in its folder: `metrics.jsonl` and `evaluations.jsonl`, of this program or of a stranger's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/errors.ts';
import type { z } from '../base/schemas.ts';
import { evaluationSchema, pointSchema } from '../distill/curve-schema.ts';
import type { Evaluation, MetricsPoint } from '../distill/run-state.ts';
import { readText } from './files.ts';

export const metricsFile = 'metrics.jsonl';
export const evaluationsFile = 'evaluations.jsonl';

/** The points in a run's folder. @throws InputError where its file cannot be read. */
export async function pointsIn(run: string): Promise<MetricsPoint[]> {
  return linesOf(await readText(join(run, metricsFile)), pointSchema);
}

/** The points of a run's first steps. @throws InputError where one is missing, or is not what a run writes. */
export async function pointsUntil(run: string, step: number): Promise<MetricsPoint[]> {
  const points = (await pointsIn(run)).slice(0, step);
  if (points.length === step && points.every((point, index) => point.step === index + 1)) return points;
  throw new InputError(
    `it should hold a line for each of the first ${step} steps and does not.`,
    'Put the file back as the run wrote it, or train again.',
    { file: join(run, metricsFile) },
  );
}

/** What was measured in a run's folder; none where there is no such file. @throws InputError where it cannot be read. */
export async function evaluationsIn(run: string): Promise<Evaluation[]> {
  const file = join(run, evaluationsFile);
  return existsSync(file) ? linesOf(await readText(file), evaluationSchema) : [];
}

/** The lines of a text that are what they should be; a last one that was cut off is none. */
export function linesOf<Line>(text: string, schema: z.ZodType<Line>): Line[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        const read = schema.safeParse(JSON.parse(line));
        return read.success ? [read.data] : [];
      } catch {
        return [];
      }
    });
}
