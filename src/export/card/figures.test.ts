import { describe, expect, it } from 'vitest';
import { accuracyOf, type ComparedAccuracy } from '../../distill/compare.ts';
import { notebookRecipe } from '../../distill/recipe.ts';
import type { Prediction } from '../../distill/run-state.ts';
import { figuresSection } from './figures.ts';
import type { ModelCardFacts } from './facts.ts';

const row = (at: number, changes: Partial<Prediction> = {}): Prediction => ({
  row: at,
  input: `row ${at}`,
  label: at % 2 === 0 ? 'yes' : 'no',
  teacher: null,
  base: 'no',
  distilled: at % 2 === 0 ? 'yes' : 'no',
  rationale: null,
  teacherRationale: null,
  ...changes,
});
const lines = (accuracy: ComparedAccuracy | null, predictions: readonly Prediction[] = [], keys = {}) =>
  figuresSection({
    accuracy,
    predictions,
    recipe: { ...notebookRecipe, ...keys },
    datasetName: 'my_rows',
  } as unknown as ModelCardFacts);
const all = (count: number, changes: Partial<Prediction> = {}) =>
  Array.from({ length: count }, (_, at) => row(at, changes));
const tally = (correct: number, total: number) => ({ correct, total });

describe('the figures of a card', () => {
  it('are by what they were judged, with how answers were chosen where that was not greedily', () => {
    const predictions = all(4);
    const [exact] = lines(accuracyOf(predictions), predictions);
    expect(exact).toBe('Exact match on 4 test rows of my\\_rows, with Wilson’s 95 % interval.');
    const [number] = lines(accuracyOf(predictions, 'number'), predictions);
    expect(number).toMatch(/^Right is the same number, however it is written .*, on 4 test rows/);
    const generation = {
      numBeams: 4,
      noRepeatNgramSize: 0,
      repetitionPenalty: 1,
      minNewTokens: 0,
      lengthPenalty: 1,
      earlyStopping: false,
    };
    const [beams] = lines(accuracyOf(predictions), predictions, { generation });
    expect(beams).toContain(' Answers were generated with 4 beams, as `generation_config.json` says.');
    // As earlier versions wrote it.
    const [earlier] = lines({ base: tally(0, 4), distilled: tally(1, 4), teacher: null });
    expect(earlier).toContain('Exact match on 4');
    expect(lines(null)).toEqual(['This student was not tested.']);
  });

  it('say how the student was asked', () => {
    const predictions = all(4);
    const asked = (method: string) => lines(accuracyOf(predictions), predictions, { method }).join('\n');
    expect(asked('step-by-step')).toContain('**This student**, asked with `predict: ` before the input |');
    expect(asked('standard')).toContain('**This student**, asked with the bare input |');
  });

  it('have the raw text beside them where labels cannot be written back', () => {
    const rawText = { base: tally(1, 4), distilled: tally(2, 4) };
    const text = lines({ base: tally(0, 4), distilled: tally(3, 4), teacher: tally(4, 4), rawText }).join(
      '\n',
    );
    expect(text).toMatch(
      /Who, by raw text[^]*\| Student before \| 25\.00 %[^]*\| \*\*This student\*\* \| 50\.00 %/,
    );
    expect(text).toMatch(/\| Teacher \| 100\.00 % \| 51\.01 % – 100\.00 % \| 4 of 4 \|/);
    expect(lines({ base: tally(0, 4), distilled: tally(3, 4), teacher: null }).join('\n')).not.toContain(
      'raw text',
    );
  });

  it('have other metrics, none twice, a dash for who was not asked', () => {
    const predictions = all(4);
    const text = lines(accuracyOf(predictions), predictions).join('\n');
    expect(text).toContain('| By other metrics | Student before | This student | Teacher |');
    expect(text).toMatch(
      /a final stop \| 50\.00 % \(15\.00 % – 85\.00 %\) \| 100\.00 % \(51\.01 % – 100\.00 %\) \| – \|/,
    );
    expect(text).not.toMatch(/letter by letter[^\n]*\| [\d.]+ %/);
    const none = { ...accuracyOf(predictions).metrics!, by: {}, macroF1: null };
    expect(lines({ ...accuracyOf(predictions), metrics: none }, predictions).join('\n')).not.toContain(
      'By other',
    );
  });

  it('have the mean F1 of labels with an interval that holds it, of all rows the same where all are right', () => {
    const predictions = all(20);
    const text = lines(accuracyOf(predictions), predictions).join('\n');
    expect(text).toMatch(
      /macro-F1 of the labels \| 0\.333 \(0\.\d{3} – 0\.\d{3}\) \| 1\.000 \(1\.000 – 1\.000\) \| –/,
    );
    const [, low, high] = /0\.333 \((0\.\d{3}) – (0\.\d{3})\)/.exec(text)!.map(Number);
    expect(low).toBeGreaterThan(0.15);
    expect(low).toBeLessThan(0.333);
    expect(high).toBeGreaterThan(0.333);
    expect(high).toBeLessThan(0.5);
    // An answer that is not a label counts for no label.
    const odd = all(20, { base: 'perhaps', teacher: 'no' });
    expect(lines(accuracyOf(odd), odd).join('\n')).toMatch(
      /macro-F1 of the labels \| 0\.000 \(0\.000 – 0\.000\) \| 1\.000 \(1\.000 – 1\.000\) \| 0\.333 \(/,
    );
    // Labels are those that the student can write.
    const written = all(20).map((one) => ({ ...one, label: `{${one.label}}`, writtenLabel: one.label }));
    expect(lines(accuracyOf(written), written).join('\n')).toContain('| 1.000 (1.000 – 1.000) |');
  });

  it('have how near rationales are, with an interval only of the rows that it is of', () => {
    const predictions = all(12).map((one, at) => ({
      ...one,
      rationale: 'it was so',
      teacherRationale: at % 2 === 0 ? 'it was so' : 'that is not',
    }));
    const accuracy = accuracyOf(predictions);
    const text = lines(accuracy, predictions).join('\n');
    expect(text).toMatch(
      /rationales against the teacher’s on 12 rows: ROUGE-L 0\.500 \(0\.\d{3} – 0\.\d{3}\), token F1 0\.500 \(0\.\d{3} – 0\.\d{3}\)\./,
    );
    const imported = all(12, { rationale: 'it was so' });
    expect(lines(accuracy, imported).join('\n')).toContain('ROUGE-L 0.500, token F1 0.500.');
    expect(lines(accuracyOf(all(12)), all(12)).join('\n')).not.toContain('rationales');
  });
});
