// The squares of a row: of gradients into its average, of weights for their size (before the update), or of the update.
// One workgroup: one row; where rows are short (NARROW), one thread.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  // #if NARROW
  let row = linear(id) * THREADS + thread;
  let first = 0u;
  let step = 1u;
  // #else
  let row = linear(id);
  let first = thread;
  let step = THREADS;
  // #end
  if (row >= params.allRows || results[params.results + 4u] == 0.0) {
    return;
  }
  let clip = results[params.results + 3u];
  let start = row * params.columns;
  var sum = 0.0;
  // #if UPDATE
  let index = row / params.rows;
  let scale = sqrt(scalars[params.scalars + 4u * index] / rowState[params.rowState + row]);
  let columnStart = params.columnState + index * params.columns;
  // #else
  var weights = 0.0;
  // #end
  for (var column = first; column < params.columns; column += step) {
    let g = gradients[params.gradients + start + column] * clip;
    // #if UPDATE
    let u = g * scale / sqrt(columnState[columnStart + column]);
    sum = fma(u, u, sum);
    // #else
    let w = parameters[params.parameters + start + column];
    sum = fma(g, g, sum);
    weights = fma(w, w, weights);
    // #end
  }
  // #if !NARROW
  sum = sumOfThreads(thread, sum);
  // #if !UPDATE
  workgroupBarrier();
  weights = sumOfThreads(thread, weights);
  // #end
  if (thread != 0u) {
    return;
  }
  // #end
  // #if UPDATE
  rowSums[params.rowSums + row] = sum;
  // #else
  let at = params.rowState + row;
  rowState[at] = runFloat(KEEP_WORD) * rowState[at] + runFloat(GROW_WORD) * (sum / f32(params.columns) + 1e-30);
  rowSums[params.rowSums + row] = weights;
  // #end
}
