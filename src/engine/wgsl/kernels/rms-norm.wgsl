// One workgroup: one row, or one for each of its quads. A quad beyond the last row takes that one again, and writes the same.
@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let rows = extent(params.rows);
  if (linear(id) * ROWS_EACH >= rows) {
    return;
  }
  let thread = local % THREADS;
  let row = min(rowOf(linear(id), local), rows - 1u);
  let columns = params.columns;
  // #if VECTOR
  let quads = columns / 4u;
  let start = row * quads;
  var squares = vec4f();
  for (var quad = thread; quad < quads; quad += THREADS) {
    let value = x[params.x / 4u + start + quad];
    squares = fma(value, value, squares);
  }
  var sum = squares.x + squares.y + squares.z + squares.w;
  // #else
  let start = row * columns;
  var sum = 0.0;
  for (var column = thread; column < columns; column += THREADS) {
    let value = x[params.x + start + column];
    sum = fma(value, value, sum);
  }
  // #end
  sum = sumOfThreads(thread, sum);
  let scale = 1.0 / sqrt(sum / f32(columns) + params.epsilon);
  if (thread == 0u) {
    inverse[params.inverse + row] = scale;
  }
  // #if VECTOR
  for (var quad = thread; quad < quads; quad += THREADS) {
    let factors = dropFactors(params.site, params.stack, row, quad);
    let value = weight[params.weight / 4u + quad] * (x[params.x / 4u + start + quad] * scale);
    y[params.y / 4u + start + quad] = value * factors;
  }
  // #else
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
  // #end
}
