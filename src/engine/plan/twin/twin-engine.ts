/** The exact reference as an engine: slow, in double precision, for tests and for holding other engines against it. */
import type { EngineStudent } from '../../engine.ts';
import { PlanEngine } from '../plan-engine.ts';
import { TwinExecutor, type TwinOptions } from './twin-executor.ts';

/** @throws EngineError where the student's weights do not fit its configuration. */
export function createTwinEngine(student: EngineStudent, options: TwinOptions = {}): PlanEngine {
  return new PlanEngine(student, {
    createExecutor: (layout) => new TwinExecutor(layout, options),
    reason: 'Asked for: the exact reference.',
  });
}
