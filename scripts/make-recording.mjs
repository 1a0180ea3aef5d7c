/**
 * Makes public/recording.json: a real run of the bundled student on the sample with the small preset, trained from the
 * terminal. The studio shows its curves until a person's own run begins.
 *
 *     node scripts/make-recording.mjs
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './install.mjs';

/** Rows answered at each evaluation: enough for a curve, few enough to wait for. */
const testRows = 100;

const folder = mkdtempSync(join(tmpdir(), 'stillroom-recording-'));
const out = join(folder, 'run');
try {
  // Without --recipe it is the small preset; without --train the sample, without --student the bundled one.
  const ran = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'headless.mjs'), 'train', '--out', out, '--test-rows', String(testRows)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (ran.status !== 0) {
    console.error('The run failed; the lines above say why. The recording stays as it was.');
    process.exitCode = 1;
  } else {
    writeRecording(ran.stdout);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param said What the run printed: the accuracies on the way are there alone. */
function writeRecording(said) {
  const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'));
  const points = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const short = (value) => Number(value.toPrecision(4));
  const column = (name) => points.map((point) => short(point[name]));
  const evaluations = [...said.matchAll(/step (\d+): (\d+) of (\d+) right/g)].map(
    ([, step, correct, total]) => ({ step: Number(step), correct: Number(correct), total: Number(total) }),
  );
  const recording = {
    format: 'stillroom-recording-1',
    student: 'nano',
    engine: summary.engine,
    backend: summary.backend,
    trainRows: summary.trainRows,
    testRows,
    recipe: summary.recipe,
    accuracy: summary.accuracy,
    evaluations,
    // Column by column, from step 1: a third of the size of rows.
    columns: {
      answerLoss: column('answerLoss'),
      rationaleLoss: column('rationaleLoss'),
      loss: column('loss'),
      learningRate: column('learningRate'),
      gradNorm: column('gradNorm'),
      tokens: points.map(({ tokens }) => tokens),
      elapsedMs: points.map(({ elapsedMs }) => elapsedMs),
    },
  };
  const file = join(root, 'public', 'recording.json');
  writeFileSync(file, `${JSON.stringify(recording)}\n`);
  console.log(`${points.length} steps, ${evaluations.length} evaluations: ${statSync(file).size} bytes.`);
}
