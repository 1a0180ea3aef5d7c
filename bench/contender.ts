/** What takes part in the comparison on the GPU. */
import type { Case } from '../src/bench/cases.ts';
import type { EngineLabel } from '../src/bench/measure.ts';
import type {
  Engine,
  EngineState,
  EngineStudent,
  MicroBatch,
  StepResult,
  Update,
} from '../src/engine/engine.ts';

/** An engine with a student in it, or another trainer of the same steps. */
export interface Contender {
  step(batch: MicroBatch, update: Update): Promise<StepResult>;
  read(): Promise<EngineState>;
  /** Null for what only trains. */
  generate: Engine['generate'] | null;
  /** JavaScript time of the last step's encoding, where it is known. */
  encodeMs?: () => number;
  /** Milliseconds of the plan's own matrix products run alone, on the same engine with the same kernels. */
  roof?: () => Promise<number>;
  close: () => void;
}

/** One row of the table. */
export interface ContenderKind {
  label: EngineLabel;
  open: (student: EngineStudent, one: Case) => Promise<Contender>;
}

/** @param release What is to be closed after the engine. */
export function asContender(engine: Engine, release: () => void = () => undefined): Contender {
  return {
    step: (batch, update) => engine.step([batch], update),
    read: () => engine.read(),
    generate: (inputs, options) => engine.generate(inputs, options),
    close: () => {
      engine.dispose();
      release();
    },
  };
}
