// One workgroup: the norm, the factor that clips it, and whether the update may go on.
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var at = thread; at < params.length; at += 256u) {
    sum += summands[params.summands + at];
  }
  sums[thread] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    let norm = sqrt(sums[0]);
    let limit = runFloat(MAX_NORM_WORD);
    results[params.results + 2u] = norm;
    results[params.results + 3u] = select(1.0, min(1.0, limit / (norm + 1e-6)), limit > 0.0);
    let proceeds = isFinite(results[params.results]) && isFinite(results[params.results + 1u]) && isFinite(norm);
    results[params.results + 4u] = select(0.0, 1.0, proceeds);
  }
}
