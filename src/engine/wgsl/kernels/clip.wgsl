// One workgroup: the norm, the factor that clips it, and whether the update may continue.
@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var at = thread; at < params.length; at += THREADS) {
    sum += summands[params.summands + at];
  }
  sum = sumOfThreads(thread, sum);
  if (thread == 0u) {
    let norm = sqrt(sum);
    let limit = runFloat(MAX_NORM_WORD);
    results[params.results + 2u] = norm;
    results[params.results + 3u] = select(1.0, min(1.0, limit / (norm + 1e-6)), limit > 0.0);
    let proceeds = isFinite(results[params.results]) && isFinite(results[params.results + 1u]) && isFinite(norm)
      && results[params.results + 5u] == 0.0;
    results[params.results + 4u] = select(0.0, 1.0, proceeds);
    // Steps that are queued behind one that failed change nothing either.
    results[params.results + 5u] = select(1.0, 0.0, proceeds);
  }
}
