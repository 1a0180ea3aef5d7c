// One thread: one weight.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = linear(id) * 256u + thread;
  if (at >= params.length || results[params.results + 4u] == 0.0) {
    return;
  }
  let row = at / params.columns;
  let index = row / params.rows;
  let scalar = params.scalars + 4u * index;
  let scale = sqrt(scalars[scalar] / rowState[params.rowState + row]);
  let average = columnState[params.columnState + index * params.columns + at % params.columns];
  let g = gradients[params.gradients + at] * results[params.results + 3u];
  let u = g * scale / sqrt(average);
  let decay = 1.0 - select(0.0, scalars[scalar + 1u] * runFloat(WEIGHT_DECAY_WORD), params.decayed != 0u);
  let place = params.parameters + at;
  parameters[place] = parameters[place] * decay - scalars[scalar + 2u] * u;
}
