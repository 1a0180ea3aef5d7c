/** An experiment's results as lines of JSON, one for each run that has ended, so that nothing is trained twice. */
import { InputError } from '../base/errors.ts';
import { z } from '../base/schemas.ts';
import type { Varied } from './spec.ts';

const tally = z.object({ correct: z.int().min(0), total: z.int().min(0) });

/** On the test rows; `teacher` is null where it did not answer them. */
export const accuracySchema = z.object({ base: tally, distilled: tally, teacher: tally.nullable() });

const resultSchema = z.object({
  /** What sets the run apart. */
  varied: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  accuracy: accuracySchema,
  /** The run's folder, below the experiment's. */
  run: z.string().min(1),
});

/** A run that has ended, as `results.jsonl` has it. */
export type Result = Omit<z.infer<typeof resultSchema>, 'varied'> & { varied: Varied };

export function formatResult({ varied, accuracy, run }: Result): string {
  return `${JSON.stringify({ varied, accuracy, run })}\n`;
}

/** The name by which a result is found: the same values, in whatever order of keys. */
export function variedId(varied: Varied): string {
  return JSON.stringify(Object.entries(varied).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Reads a results file. Its last line may be cut short, as a killed program leaves it: it is left out.
 * @returns The results by `variedId`, a later line in place of an earlier one, and the text without a torn line:
 * what can be appended to.
 * @throws InputError naming the line that is something else.
 */
export function parseResults(text: string, file: string): { results: Map<string, Result>; mended: string } {
  const results = new Map<string, Result>();
  const lines = text.split('\n');
  const kept: string[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const parsed = resultSchema.safeParse(readJson(line));
    if (parsed.success) {
      results.set(variedId(parsed.data.varied), parsed.data);
      kept.push(`${line}\n`);
    } else if (index < lines.length - 1) {
      throw new InputError(
        'this is no result of an experiment.',
        'Delete the line: what it recorded is trained again.',
        { file, line: index + 1 },
      );
    }
  });
  return { results, mended: kept.join('') };
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
