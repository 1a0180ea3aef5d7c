/** The whole plan, in double precision, against what PyTorch computed. */
import { describeGoldens } from '../../../../tests/support/golden-suite.ts';
import { createTwinEngine } from './twin-engine.ts';

describeGoldens(
  'the plan in double precision agrees with PyTorch',
  (student) => createTwinEngine(student),
  // The exact twin is plain JavaScript: the first steps of the large vocabulary are enough.
  { textSteps: 4 },
);
