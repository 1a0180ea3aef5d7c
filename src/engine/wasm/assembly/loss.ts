// Softmax cross entropy over the vocabulary, and its gradient in place of the logits.
import { address, adds, extent, part, shareEnd, shareStart, word } from './command';
import { expAndSum, exp4, maximum, scaleBy, sumOf } from './vector';
import { gemmScratch } from './gemm';
import { scratch } from './command';

/** Floats of a row whose exponentials are computed at once where they are not kept. */
const piece: i32 = 4096;

export function crossEntropyRows(command: usize): void {
  const rows = extent(word(command, 1));
  const columns = word(command, 2);
  const logits = address(command, 3);
  const labels = address(command, 4);
  const rowWeights = address(command, 5);
  const losses = address(command, 6);
  const gradient = word(command, 7) !== 0;
  const bytes = (<usize>columns) << 2;
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row += 1) {
    const x = logits + <usize>row * bytes;
    const label = load<i32>(labels + ((<usize>row) << 2));
    const loss = losses + ((<usize>row) << 2);
    if (label < 0) {
      store<f32>(loss, 0);
      if (gradient) memory.fill(x, 0, bytes);
      continue;
    }
    const greatest = maximum(x, columns);
    const at = x + ((<usize>label) << 2);
    const chosen = load<f32>(at);
    const sum = gradient ? expAndSum(x, x, greatest, columns) : expSum(x, greatest, columns);
    store<f32>(loss, <f32>(<f64>Math.log(<f64>sum) + <f64>greatest - <f64>chosen));
    if (gradient) {
      const weight = load<f32>(rowWeights + ((<usize>row) << 2));
      scaleBy(x, weight / sum, columns);
      store<f32>(at, load<f32>(at) - weight);
    }
  }
}

/** Σ exp(x - shift), piece by piece through scratch memory. */
export function expSum(x: usize, shift: f32, count: i32): f32 {
  let sum: f32 = 0;
  for (let first = 0; first < count; first += piece) {
    sum += expAndSum(x + ((<usize>first) << 2), scratch + gemmScratch, shift, min(piece, count - first));
  }
  return sum;
}

export function crossEntropySums(command: usize): void {
  if (part !== 0) return;
  const rows = extent(word(command, 1));
  const answerRows = extent(word(command, 2));
  const losses = address(command, 3);
  const results = address(command, 4);
  const adding = adds(word(command, 5));
  let answer: f64 = 0;
  let rationale: f64 = 0;
  for (let row = 0; row < rows; row += 1) {
    const loss = <f64>load<f32>(losses + ((<usize>row) << 2));
    if (row < answerRows) answer += loss;
    else rationale += loss;
  }
  store<f32>(results, <f32>(adding ? <f64>load<f32>(results) + answer : answer));
  store<f32>(results, <f32>(adding ? <f64>load<f32>(results, 4) + rationale : rationale), 4);
}
