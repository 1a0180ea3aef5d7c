// One workgroup: one tensor. The mean of its row averages and its rate, and its averages of columns.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id);
  if (index >= params.count || results[params.results + 4u] == 0.0) {
    return;
  }
  let first = index * params.rows;
  var average = 0.0;
  var weights = 0.0;
  for (var row = thread; row < params.rows; row += THREADS) {
    average += rowState[params.rowState + first + row];
    weights += rowSums[params.rowSums + first + row];
  }
  average = sumOfThreads(thread, average);
  workgroupBarrier();
  weights = sumOfThreads(thread, weights);
  let mean = average / f32(params.rows);
  if (thread == 0u) {
    let size = max(1e-3, sqrt(weights / (f32(params.rows) * f32(params.columns))));
    scalars[params.scalars + 4u * index] = mean;
    scalars[params.scalars + 4u * index + 1u] = runFloat(RATE_WORD) * select(1.0, size, params.scaled != 0u);
  }
  let columnStart = params.columnState + index * params.columns;
  // #if VECTOR
  if (thread == 0u) {
    columnState[columnStart] = mean;
  }
  // #else
  for (var column = thread; column < params.columns; column += THREADS) {
    var sum = 0.0;
    for (var chunk = 0u; chunk < params.chunks; chunk += 1u) {
      sum += columnSums[params.columnSums + (index * params.chunks + chunk) * params.columns + column];
    }
    let square = sum / f32(params.rows) + 1e-30;
    let old = columnState[columnStart + column];
    columnState[columnStart + column] = runFloat(KEEP_WORD) * old + runFloat(GROW_WORD) * square;
  }
  // #end
}
