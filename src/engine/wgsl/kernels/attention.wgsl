// One workgroup: 16 queries (a tile) of one head. Scores go to `probabilities` and are made into shares there; the
// context then takes keys in chunks of THREADS. Arrays of vec4 hold four queries side by side.
var<workgroup> queries: array<vec4f, 4u * HEAD>; // [HEAD][16]
var<workgroup> chunk: array<vec4f, 4u * THREADS>; // [THREADS][16] shares after dropout
var<workgroup> found: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile = id.z * 65535u + id.x;
  if (tile >= extent(params.tileCount)) {
    return;
  }
  let head = id.y;
  let sequence = u32(tables[params.tiles + 2u * tile]);
  let firstQuery = u32(tables[params.tiles + 2u * tile + 1u]);
  let firstRow = u32(tables[params.querySequences + 3u * sequence]);
  let rows = u32(tables[params.querySequences + 3u * sequence + 1u]);
  let firstKey = u32(tables[params.keySequences + 3u * sequence]);
  var keyCount = u32(tables[params.keySequences + 3u * sequence + 1u]);
  let inTile = min(16u, rows - firstQuery);
  // #if CAUSAL
  keyCount = min(keyCount, firstQuery + inTile);
  // #end
  let last = rows - 1u;

  for (var item = thread; item < 4u * HEAD; item += THREADS) {
    let d = item % HEAD;
    let quad = item / HEAD;
    var four = vec4f();
    for (var lane = 0u; lane < 4u; lane += 1u) {
      // Beyond the sequence the last query stands in; nothing is stored of it.
      let query = min(firstQuery + 4u * quad + lane, last);
      four[lane] = q[params.q + (firstRow + query) * params.qStride + head * HEAD + d];
    }
    queries[4u * d + quad] = four;
  }
  workgroupBarrier();

  let saved = params.probabilities + (head * params.capacity + firstRow + firstQuery) * params.maxKeys;
  for (var key = thread; key < keyCount; key += THREADS) {
    let place = params.k + (firstKey + key) * params.kStride + head * HEAD;
    // #each a 4
    var score_$a = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let value = vec4f(k[place + d]);
      // #each a 4
      score_$a = fma(queries[4u * d + $au], value, score_$a);
      // #end
    }
    // #each a 4
    for (var lane = 0u; lane < 4u; lane += 1u) {
      let query = 4u * $au + lane;
      if (query < inTile && sees(firstQuery + query, key)) {
        probabilities[saved + query * params.maxKeys + key] = score_$a[lane] + biasOf(head, firstQuery + query, key);
      }
    }
    // #end
  }
  storageBarrier();
  workgroupBarrier();

  // Shares: SUBS threads to a query, each with every SUBS-th key.
  let query = thread / SUBS;
  let sub = thread % SUBS;
  // #if CAUSAL
  let seen = select(0u, firstQuery + query + 1u, query < inTile);
  // #else
  let seen = select(0u, keyCount, query < inTile);
  // #end
  let start = saved + query * params.maxKeys;
  var greatest = -3.4e38;
  for (var key = sub; key < seen; key += SUBS) {
    greatest = max(greatest, probabilities[start + key]);
  }
  found[thread] = greatest;
  workgroupBarrier();
  for (var other = 0u; other < SUBS; other += 1u) {
    greatest = max(greatest, found[query * SUBS + other]);
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var key = sub; key < seen; key += SUBS) {
    let value = exp(probabilities[start + key] - greatest);
    probabilities[start + key] = value;
    sum += value;
  }
  found[thread] = sum;
  workgroupBarrier();
  sum = 0.0;
  for (var other = 0u; other < SUBS; other += 1u) {
    sum += found[query * SUBS + other];
  }
  for (var key = sub; key < seen; key += SUBS) {
    probabilities[start + key] /= sum;
  }
  storageBarrier();
  workgroupBarrier();

  // #each u STEPS
  // #each a 4
  var context_$u_$a = vec4f();
  // #end
  // #end
  for (var first = 0u; first < keyCount; first += THREADS) {
    let key = first + thread;
    // #each a 4
    {
      var four = vec4f();
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let row = 4u * $au + lane;
        if (key < keyCount && row < inTile && sees(firstQuery + row, key)) {
          let factors = dropFactors(params.site, params.stack, firstRow + firstQuery + row, (head * 65536u + key) / 4u);
          four[lane] = probabilities[saved + row * params.maxKeys + key] * factors[key % 4u];
        }
      }
      chunk[4u * thread + $au] = four;
    }
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, keyCount - first);
    // #each u STEPS
    if (thread + $uu * THREADS < HEAD) {
      for (var item = 0u; item < inChunk; item += 1u) {
        let place = params.v + (firstKey + first + item) * params.vStride + head * HEAD;
        let value = vec4f(v[place + thread + $uu * THREADS]);
        // #each a 4
        context_$u_$a = fma(chunk[4u * item + $au], value, context_$u_$a);
        // #end
      }
    }
    // #end
    workgroupBarrier();
  }
  // #each u STEPS
  if (thread + $uu * THREADS < HEAD) {
    let place = params.context + (firstRow + firstQuery) * params.inner + head * HEAD + thread + $uu * THREADS;
    // #each a 4
    for (var lane = 0u; lane < 4u; lane += 1u) {
      if (4u * $au + lane < inTile) {
        context[place + (4u * $au + lane) * params.inner] = context_$u_$a[lane];
      }
    }
    // #end
  }
  // #end
}

fn sees(query: u32, key: u32) -> bool {
  // #if CAUSAL
  return key <= query;
  // #else
  return true;
  // #end
}

fn biasOf(head: u32, query: u32, key: u32) -> f32 {
  // #if BIAS
  let bucket = u32(tables[params.buckets + key + params.maxLength - 1u - query]);
  return bias[params.bias + bucket * params.heads + head];
  // #else
  return 0.0;
  // #end
}
