// The sum, or the greatest, of one value of every thread, the same for all of them. Before either is asked for again, a
// barrier is due, unless the workgroup is one quad, whose lanes tell each other.
// #if QUAD
fn sumOfThreads(thread: u32, value: f32) -> f32 {
  let pair = value + quadSwapX(value);
  return pair + quadSwapY(pair);
}

fn maxOfThreads(thread: u32, value: f32) -> f32 {
  let pair = max(value, quadSwapX(value));
  return max(pair, quadSwapY(pair));
}
// #else
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

fn maxOfThreads(thread: u32, value: f32) -> f32 {
  sums[thread] = value;
  workgroupBarrier();
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      sums[thread] = max(sums[thread], sums[thread + half]);
    }
    workgroupBarrier();
  }
  return sums[0];
}
// #end

// #if BY_ROWS
// The row that a thread works on: its workgroup's, or its quad's.
fn rowOf(group: u32, local: u32) -> u32 {
  // #if QUAD
  return group * ROWS_EACH + local / THREADS;
  // #else
  return group;
  // #end
}
// #end
