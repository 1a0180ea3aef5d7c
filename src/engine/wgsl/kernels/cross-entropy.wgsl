// One workgroup: one row of logits. The gradient overwrites them once everything has been read.
var<workgroup> found: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = linear(id);
  if (row >= extent(params.rows)) {
    return;
  }
  let columns = params.columns;
  let start = params.logits + row * columns;
  let label = tables[params.labels + row];
  if (label < 0) {
    // #if GRADIENT
    for (var column = thread; column < columns; column += THREADS) {
      logits[start + column] = 0.0;
    }
    // #end
    if (thread == 0u) {
      losses[params.losses + row] = 0.0;
    }
    return;
  }
  var greatest = -3.4e38;
  for (var column = thread; column < columns; column += THREADS) {
    greatest = max(greatest, logits[start + column]);
  }
  found[thread] = greatest;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      found[thread] = max(found[thread], found[thread + half]);
    }
    workgroupBarrier();
  }
  greatest = found[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var column = thread; column < columns; column += THREADS) {
    sum += exp(logits[start + column] - greatest);
  }
  sum = sumOfThreads(thread, sum);
  if (thread == 0u) {
    losses[params.losses + row] = log(sum) + greatest - logits[start + u32(label)];
  }
  // #if GRADIENT
  storageBarrier();
  workgroupBarrier();
  let factor = weights[params.weights + row];
  for (var column = thread; column < columns; column += THREADS) {
    let share = exp(logits[start + column] - greatest) / sum;
    logits[start + column] = factor * (share - select(0.0, 1.0, column == u32(label)));
  }
  // #end
}
