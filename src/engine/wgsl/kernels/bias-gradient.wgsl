// One workgroup: one bucket of one head. Threads take distances in turn and tiles in order; then their sums are added.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let bucket = id.x;
  let head = id.y;
  let tiles = extent(params.tileCount);
  let distances = 2u * params.maxLength - 1u;
  let seen = select(distances, params.maxLength, params.causal != 0u);
  var sum = 0.0;
  for (var distance = thread; distance < seen; distance += THREADS) {
    if (u32(tables[params.buckets + distance]) == bucket) {
      for (var tile = 0u; tile < tiles; tile += 1u) {
        sum += summands[params.summands + (tile * params.heads + head) * distances + distance];
      }
    }
  }
  var total = sumOfThreads(thread, sum);
  if (thread == 0u) {
    let place = params.output + bucket * params.heads + head;
    if (accumulates(params.accumulate)) {
      total += output[place];
    }
    output[place] = total;
  }
}
