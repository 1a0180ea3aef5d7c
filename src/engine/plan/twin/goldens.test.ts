/** The whole plan, in double precision, against what PyTorch computed. */
import { describeAdafactor } from '../../../../tests/support/adafactor-suite.ts';
import { describeFamily, describeGoldens } from '../../../../tests/support/golden-suite.ts';
import { describeLora } from '../../../../tests/support/lora-suite.ts';
import { createTwinEngine } from './twin-engine.ts';

describeGoldens(
  'the plan in double precision agrees with PyTorch',
  (student) => createTwinEngine(student),
  // The exact twin is plain JavaScript: the first steps of the large vocabulary are enough.
  { textSteps: 4 },
);

describeFamily('the plan in double precision agrees with PyTorch on the rest of the family', (student) =>
  createTwinEngine(student),
);

describeAdafactor('Adafactor in double precision agrees with transformers', (student) =>
  createTwinEngine(student),
);

describeLora('LoRA in double precision agrees with peft', (student) => createTwinEngine(student));
