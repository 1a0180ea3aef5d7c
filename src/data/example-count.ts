/** Rows of a split as they are counted one by one: what is said of them, and by what they are known again. */
import { RowsDigest } from '../base/rows-digest.ts';
import type { Example, Tally } from './example.ts';
import { Mender, type Fix } from './fixes.ts';
import { LintCount } from './lint.ts';
import { areEquations, isRightBy } from './metrics/metrics.ts';
import { note, RowList, type Note } from './notes.ts';
import type { ExampleRow } from './read-file.ts';

/** A dataset's rows, which carry their teacher's themselves, as examples: fixes done, those without a true answer left out. */
export class ExampleReading {
  readonly #mender: Mender;
  readonly #unlabelled = new RowList();

  constructor(fixes: readonly Fix[]) {
    this.#mender = new Mender(fixes);
  }

  /** Null where the row is left out. */
  next({ row, input, label, rationale, teacherLabel, question, choices }: ExampleRow): Example | null {
    if (label === null) {
      this.#unlabelled.add(row);
      return null;
    }
    return this.#mender.mend({ row, input, label, rationale, teacherLabel, question, choices });
  }

  notes(): Note[] {
    return [...this.fixed(), ...this.unlabelled()];
  }

  /** What was fixed. */
  fixed(): Note[] {
    return this.#mender.notes();
  }

  /** Rows that were left out. */
  unlabelled(): Note[] {
    const found = this.#unlabelled;
    return found.length === 0 ? [] : [note('label-missing', found, unlabelledWords)];
  }
}

function unlabelledWords(one: boolean): string {
  return one
    ? 'row has no true answer and is not trained on'
    : 'rows have no true answer and are not trained on';
}

/** What is known of a split's rows without them. */
export interface ExampleSummary {
  rows: number;
  /** Rows with a rationale. */
  rationales: number;
  teacher: Tally | null;
  lint: Note[];
}

export class ExampleCount {
  readonly #lint = new LintCount();
  readonly #digest = new RowsDigest();
  #rows = 0;
  #rationales = 0;
  #taught = 0;
  #equations = 0;
  #exact = 0;
  #equal = 0;
  #firstUntaught: number | null = null;

  add(example: Example): void {
    this.#rows += 1;
    this.#lint.add(example);
    this.#digest.add(example);
    if (example.rationale !== null) this.#rationales += 1;
    const { teacherLabel } = example;
    if (teacherLabel === null) {
      this.#firstUntaught ??= example.row;
      return;
    }
    this.#taught += 1;
    if (areEquations([example])) this.#equations += 1;
    if (isRightBy('exact', teacherLabel, example)) this.#exact += 1;
    if (isRightBy('equation', teacherLabel, example)) this.#equal += 1;
  }

  /** The inputs of all rows, for what is looked for among them. */
  get inputs(): { has: (input: string) => boolean } {
    return this.#lint.inputs;
  }

  /** The first row without a label of the teacher's; null where all have one. */
  get firstUntaught(): number | null {
    return this.#firstUntaught;
  }

  /** Of all rows, judged as `tallyTeacher` does. @param notes What was noticed while they were read. */
  summary(notes: readonly Note[]): ExampleSummary {
    // By their value where nine in ten labels are equations.
    const correct = this.#equations * 10 >= this.#taught * 9 ? this.#equal : this.#exact;
    return {
      rows: this.#rows,
      rationales: this.#rationales,
      teacher: this.#taught === 0 ? null : { correct, total: this.#taught },
      lint: [...notes, ...this.#lint.notes()],
    };
  }

  /** SHA-256 of the rows, as `digestRows` has it. Nothing can be added afterwards. */
  sha256(): string {
    return this.#digest.end();
  }
}
