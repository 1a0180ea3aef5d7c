// One workgroup: one row.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = linear(id);
  if (row >= extent(params.rows)) {
    return;
  }
  let columns = params.columns;
  let start = row * columns;
  var sum = 0.0;
  for (var column = thread; column < columns; column += THREADS) {
    let value = x[params.x + start + column];
    sum = fma(value, value, sum);
  }
  sum = sumOfThreads(thread, sum);
  let scale = 1.0 / sqrt(sum / f32(columns) + params.epsilon);
  if (thread == 0u) {
    inverse[params.inverse + row] = scale;
  }
  for (var quad = thread; 4u * quad < columns; quad += THREADS) {
    let factors = dropFactors(params.site, params.stack, row, quad);
    for (var lane = 0u; lane < 4u; lane += 1u) {
      let column = 4u * quad + lane;
      if (column < columns) {
        let value = weight[params.weight + column] * (x[params.x + start + column] * scale);
        y[params.y + start + column] = value * factors[lane];
      }
    }
  }
}
