// One workgroup: one chunk of the gradients.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear(id);
  if (chunk * CHUNK >= params.length) {
    return;
  }
  let end = min((chunk + 1u) * CHUNK, params.length);
  // #if VECTOR
  var four = vec4f();
  for (var at = chunk * CHUNK / 4u + thread; at < end / 4u; at += THREADS) {
    let value = gradients[params.gradients / 4u + at];
    four = fma(value, value, four);
  }
  var sum = four.x + four.y + four.z + four.w;
  // #else
  var sum = 0.0;
  for (var at = chunk * CHUNK + thread; at < end; at += THREADS) {
    let value = gradients[params.gradients + at];
    sum = fma(value, value, sum);
  }
  // #end
  sum = sumOfThreads(thread, sum);
  if (thread == 0u) {
    output[params.output + chunk] = sum;
  }
}
