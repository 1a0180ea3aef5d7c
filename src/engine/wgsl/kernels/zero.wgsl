// One thread: one float. Later passes of a step leave everything as it is.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id) * 256u + thread;
  if (index < params.length && !accumulates(params.accumulate)) {
    output[params.output + index] = 0.0;
  }
}
