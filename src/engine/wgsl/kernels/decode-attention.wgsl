// One workgroup: one head of one generated row. Keys come in chunks of 64, a thread each; the softmax is kept up to
// date from chunk to chunk, so that any number of keys will do. A thread owns columns thread + u · 64 of the context.
var<workgroup> query: array<f32, HEAD>;
var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = id.x;
  let head = id.y;
  let inner = params.heads * HEAD;
  // #if SELF
  let firstKey = 0u;
  let position = runWord(POSITION_WORD);
  let count = position + 1u;
  let own = params.qkv + row * 3u * inner + head * HEAD;
  let ownPlace = params.cache + (row * params.length + position) * 2u * inner + head * HEAD;
  for (var d = thread; d < HEAD; d += 64u) {
    query[d] = qkv[own + d];
    cache[ownPlace + d] = qkv[own + inner + d];
    cache[ownPlace + inner + d] = qkv[own + 2u * inner + d];
  }
  storageBarrier();
  // #else
  let sequence = u32(tables[params.rowSequences + row]);
  let firstKey = u32(tables[params.sequences + 3u * sequence]);
  let count = u32(tables[params.sequences + 3u * sequence + 1u]);
  for (var d = thread; d < HEAD; d += 64u) {
    query[d] = q[params.q + row * inner + head * HEAD + d];
  }
  // #end
  workgroupBarrier();

  var greatest = -3.4e38;
  var total = 0.0;
  // #each u STEPS
  var context_$u = 0.0;
  // #end
  for (var first = 0u; first < count; first += 64u) {
    let key = first + thread;
    var score = -3.4e38;
    if (key < count) {
      let place = keyPlace(row, head, key, firstKey);
      score = 0.0;
      for (var d = 0u; d < HEAD; d += 1u) {
        score = fma(query[d], keyAt(place + d), score);
      }
      // #if SELF
      let bucket = u32(tables[params.buckets + key + params.maxLength - 1u - position]);
      score += bias[params.bias + bucket * params.heads + head];
      // #end
    }
    shares[thread] = score;
    workgroupBarrier();
    let before = greatest;
    let inChunk = min(64u, count - first);
    for (var k = 0u; k < inChunk; k += 1u) {
      greatest = max(greatest, shares[k]);
    }
    workgroupBarrier();
    shares[thread] = select(0.0, exp(score - greatest), key < count);
    workgroupBarrier();
    let rescale = exp(before - greatest);
    total *= rescale;
    // #each u STEPS
    context_$u *= rescale;
    // #end
    for (var k = 0u; k < inChunk; k += 1u) {
      let share = shares[k];
      total += share;
      let place = valuePlace(row, head, first + k, firstKey);
      // #each u STEPS
      if (thread + $uu * 64u < HEAD) {
        context_$u = fma(share, valueAt(place + thread + $uu * 64u), context_$u);
      }
      // #end
    }
    workgroupBarrier();
  }
  // #each u STEPS
  if (thread + $uu * 64u < HEAD) {
    context[params.context + row * inner + head * HEAD + thread + $uu * 64u] = context_$u / total;
  }
  // #end
}

// #if SELF
// The row's own key and value are in the cache by now; no row reads what another writes in this step.
fn cachePlace(row: u32, head: u32, key: u32) -> u32 {
  let ancestor = select(u32(tables[params.ancestry + row * params.length + key]), row, key == runWord(POSITION_WORD));
  return params.cache + (ancestor * params.length + key) * 2u * params.heads * HEAD + head * HEAD;
}
fn keyPlace(row: u32, head: u32, key: u32, firstKey: u32) -> u32 {
  return cachePlace(row, head, key);
}
fn valuePlace(row: u32, head: u32, key: u32, firstKey: u32) -> u32 {
  return cachePlace(row, head, key) + params.heads * HEAD;
}
fn keyAt(place: u32) -> f32 {
  return cache[place];
}
fn valueAt(place: u32) -> f32 {
  return cache[place];
}
// #else
fn keyPlace(row: u32, head: u32, key: u32, firstKey: u32) -> u32 {
  return params.keys + (firstKey + key) * params.keyStride + head * HEAD;
}
fn valuePlace(row: u32, head: u32, key: u32, firstKey: u32) -> u32 {
  return params.values + (firstKey + key) * params.valueStride + head * HEAD;
}
fn keyAt(place: u32) -> f32 {
  return keys[place];
}
fn valueAt(place: u32) -> f32 {
  return values[place];
}
// #end
