// One workgroup: one row of logits. A thread has the same columns all along: the gradient may overwrite them.
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
  greatest = maxOfThreads(thread, greatest);
  // #if !QUAD
  workgroupBarrier();
  // #end
  var sum = 0.0;
  for (var column = thread; column < columns; column += THREADS) {
    sum += exp(logits[start + column] - greatest);
  }
  sum = sumOfThreads(thread, sum);
  if (thread == u32(label) % THREADS) {
    losses[params.losses + row] = log(sum) + greatest - logits[start + u32(label)];
  }
  // #if GRADIENT
  let factor = weights[params.weights + row];
  for (var column = thread; column < columns; column += THREADS) {
    let share = exp(logits[start + column] - greatest) / sum;
    logits[start + column] = factor * (share - select(0.0, 1.0, column == u32(label)));
  }
  // #end
}
