// One thread: one column of a run of rows.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id) * 64u + thread;
  if (index >= params.items * params.columns || results[params.results + 4u] == 0.0) {
    return;
  }
  let item = index / params.columns;
  let chunk = item % params.chunks;
  let firstRow = chunk * ROWS;
  let rows = min(ROWS, params.rows - firstRow);
  let clip = results[params.results + 3u];
  var at = params.gradients + ((item / params.chunks) * params.rows + firstRow) * params.columns + index % params.columns;
  var sum = 0.0;
  for (var row = 0u; row < rows; row += 1u) {
    let g = gradients[at] * clip;
    sum = fma(g, g, sum);
    at += params.columns;
  }
  columnSums[params.columnSums + index] = sum;
}
