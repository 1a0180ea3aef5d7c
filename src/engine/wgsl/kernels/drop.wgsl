// Dropout at its own rate. One thread: four columns of one row.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let quads = (params.columns + 3u) / 4u;
  let index = linear(id) * 64u + thread;
  let row = index / quads;
  if (row >= extent(params.rows)) {
    return;
  }
  let quad = index % quads;
  let keeps = dropBits(params.site, params.stack, row, quad) >= vec4u(params.threshold);
  for (var lane = 0u; lane < 4u; lane += 1u) {
    let column = 4u * quad + lane;
    if (column < params.columns) {
      let at = row * params.columns + column;
      let value = select(0.0, input[params.input + at] * params.kept, keeps[lane]);
      // #if ADDS
      output[params.output + at] = output[params.output + at] + value;
      // #else
      output[params.output + at] = value;
      // #end
    }
  }
}
