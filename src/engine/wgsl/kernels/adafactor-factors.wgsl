// One workgroup: one tensor. The factor of its update, by the update's own size.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id);
  if (index >= params.count || results[params.results + 4u] == 0.0) {
    return;
  }
  var sum = 0.0;
  for (var row = thread; row < params.rows; row += THREADS) {
    sum += rowSums[params.rowSums + index * params.rows + row];
  }
  sum = sumOfThreads(thread, sum);
  if (thread == 0u) {
    let size = sqrt(sum / (f32(params.rows) * f32(params.columns)));
    let at = params.scalars + 4u * index;
    scalars[at + 2u] = scalars[at + 1u] / max(1.0, size);
  }
}
