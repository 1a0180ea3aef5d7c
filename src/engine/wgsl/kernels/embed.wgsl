fn valueOf(index: u32) -> f32 {
  // #if HALF
  return unpack2x16float(weight[index / 2u])[index & 1u];
  // #else
  return weight[index];
  // #end
}

// One thread: four columns of one row.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let quads = (params.columns + 3u) / 4u;
  let index = linear(id) * 64u + thread;
  let row = index / quads;
  if (row >= extent(params.rows)) {
    return;
  }
  let quad = index % quads;
  let factors = dropFactors(params.site, params.stack, row, quad);
  let source = params.weight + u32(tables[params.ids + row]) * params.columns;
  for (var lane = 0u; lane < 4u; lane += 1u) {
    let column = 4u * quad + lane;
    if (column < params.columns) {
      output[params.output + row * params.columns + column] = valueOf(source + column) * factors[lane];
    }
  }
}
