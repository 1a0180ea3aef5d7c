/**
 * Property tests draw from one seed, so that a red run is red again when it is run again. STILLROOM_TEST_SEED names
 * another, or `random` for a new one each time, which is worth doing now and then.
 */
import fc from 'fast-check';

const named = process.env['STILLROOM_TEST_SEED'] ?? '20261123';
if (named !== 'random') fc.configureGlobal({ seed: Number(named) });
