/**
 * Writes src/app/train/recording.json, the run that stands in the charts before the first of one's own: the bundled
 * student on the sample by the small preset, as `npm run headless -- train` trains it, its losses in means of a few
 * steps. `node scripts/make-recording.mjs` trains it (some minutes); with a folder it takes the run that is there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './install.mjs';

/** Steps that one recorded value stands for. */
const stride = 4;

const folder = process.argv[2] ?? join(root, 'build', 'recording');
if (process.argv[2] === undefined) {
  const code = run(process.execPath, [join(root, 'scripts', 'headless.mjs'), 'train', '--out', folder]);
  if (code !== 0) process.exit(code);
}
const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
const points = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

function means(key) {
  return step.map((last) => {
    const part = points.slice(last - stride, last);
    return Number((part.reduce((sum, point) => sum + point[key], 0) / part.length).toFixed(3));
  });
}

const step = points.map((point) => point.step).filter((at) => at % stride === 0);
const recording = {
  steps: summary.steps,
  stride,
  alpha: summary.recipe.alpha,
  trainRows: summary.trainRows,
  adapter: summary.adapter,
  elapsedMs: Math.round(summary.elapsedMs),
  accuracy: summary.accuracy,
  step,
  answerLoss: means('answerLoss'),
  rationaleLoss: means('rationaleLoss'),
};
const file = join(root, 'src', 'app', 'train', 'recording.json');
writeFileSync(file, `${JSON.stringify(recording)}\n`);
console.log(`${file}: ${step.length} points.`);
