// One thread: four floats. Bias corrections come from the host, in double precision.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id) * 256u + thread;
  if (index >= params.quads || results[params.results + 4u] == 0.0) {
    return;
  }
  let at = params.parameters / 4u + index; // of all four
  let decay = select(1.0, runFloat(DECAY_WORD), params.decayed != 0u);
  let g = gradients[at] * results[params.results + 3u];
  var m = expAvg[at];
  var v = expAvgSq[at];
  m = m + 0.1 * (g - m);
  v = 0.999 * v + 0.001 * g * g;
  expAvg[at] = m;
  expAvgSq[at] = v;
  let root = sqrt(v) / runFloat(ROOT_WORD) + 1e-8;
  parameters[at] = parameters[at] * decay - runFloat(STEP_SIZE_WORD) * m / root;
}
