// One thread: one column of one group.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id) * 64u + thread;
  if (index >= params.groups * params.columns) {
    return;
  }
  let first = params.summands + (index / params.columns) * params.count * params.columns + index % params.columns;
  var sum = 0.0;
  for (var part = 0u; part < params.count; part += 1u) {
    sum += summands[first + part * params.columns];
  }
  let place = params.output + index;
  if (accumulates(params.accumulate)) {
    sum += output[place];
  }
  output[place] = sum;
}
