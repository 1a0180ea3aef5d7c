// One workgroup: one chunk of the gradients.
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let chunk = linear(id);
  if (chunk * CHUNK >= params.length) {
    return;
  }
  let end = min((chunk + 1u) * CHUNK, params.length);
  // #if QUADS
  var four = vec4f();
  for (var at = chunk * CHUNK / 4u + thread; at < end / 4u; at += 256u) {
    let value = gradients[params.gradients / 4u + at];
    four = fma(value, value, four);
  }
  sums[thread] = four.x + four.y + four.z + four.w;
  // #else
  var sum = 0.0;
  for (var at = chunk * CHUNK + thread; at < end; at += 256u) {
    let value = gradients[params.gradients + at];
    sum = fma(value, value, sum);
  }
  sums[thread] = sum;
  // #end
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    output[params.output + chunk] = sums[0];
  }
}
