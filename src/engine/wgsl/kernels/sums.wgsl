// The sum of one value of every thread, the same for all of them. Before it is asked for again, a barrier is due.
var<workgroup> sums: array<f32, THREADS>;

fn sumOfThreads(thread: u32, value: f32) -> f32 {
  sums[thread] = value;
  workgroupBarrier();
  // #if FEW_THREADS
  // Each adds all: a tree would take a barrier a level.
  var total = 0.0;
  for (var other = 0u; other < THREADS; other += 1u) {
    total += sums[other];
  }
  return total;
  // #else
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      sums[thread] += sums[thread + half];
    }
    workgroupBarrier();
  }
  return sums[0];
  // #end
}
