// One workgroup: 16 queries (a tile) of one head. Scores go to `probabilities` and are made into shares there; the
// context then takes keys in chunks of THREADS. Arrays of vec4 hold four queries side by side. A thread belongs to one
// four of queries (`quad`) and one of GROUPS groups: of four keys each, then of columns `group` + u · GROUPS.
var<workgroup> queries: array<vec4f, 4u * HEAD>; // [HEAD][16]
var<workgroup> chunk: array<vec4f, 4u * THREADS>; // [THREADS][16] shares after dropout
var<workgroup> found: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = id.z * 65535u + id.x;
  if (index >= extent(params.tileCount)) {
    return;
  }
  let head = id.y;
  let tile = tileAt(index);
  let firstQuery = tile.firstQuery;
  let inTile = tile.inTile;
  let firstRow = tile.firstRow;
  let firstKey = tile.firstKey;
  let keyCount = tile.keyCount;
  let last = tile.rows - 1u;

  for (var item = thread; item < 4u * HEAD; item += THREADS) {
    let d = item % HEAD;
    let quad = item / HEAD;
    var four = vec4f();
    for (var lane = 0u; lane < 4u; lane += 1u) {
      // Beyond the sequence the last query is read instead; nothing is stored of it.
      let query = min(firstQuery + 4u * quad + lane, last);
      four[lane] = q[params.q + (firstRow + query) * params.qStride + head * HEAD + d];
    }
    queries[4u * d + quad] = four;
  }
  workgroupBarrier();

  let saved = params.probabilities + (head * params.capacity + firstRow + firstQuery) * params.maxKeys;
  let group = thread % GROUPS;
  let quad = thread / GROUPS;
  for (var first = 4u * group; first < keyCount; first += THREADS) {
    // Beyond the sequence the last key is read instead; nothing is stored of it.
    // #each j 4
    let place_$j = params.k + (firstKey + min(first + $ju, keyCount - 1u)) * params.kStride + head * HEAD;
    var score_$j = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let four = queries[4u * d + quad];
      // #each j 4
      score_$j = fma(four, vec4f(k[place_$j + d]), score_$j);
      // #end
    }
    // #each l 4
    {
      let query = 4u * quad + $lu;
      if (query < inTile) {
        // #each j 4
        if (first + $ju < keyCount && sees(firstQuery + query, first + $ju)) {
          probabilities[saved + query * params.maxKeys + first + $ju] =
            score_$j[$l] + biasOf(head, firstQuery + query, first + $ju);
        }
        // #end
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
  var context_$u = vec4f();
  // #end
  for (var first = 0u; first < keyCount; first += THREADS) {
    // #each j 4
    var share_$j = vec4f();
    // #end
    // #each l 4
    {
      let row = 4u * quad + $lu;
      if (row < inTile) {
        let key = first + 4u * group;
        let factors = dropFactors(params.site, params.stack, firstRow + firstQuery + row, (head * 65536u + key) / 4u);
        // #each j 4
        if (key + $ju < keyCount && sees(firstQuery + row, key + $ju)) {
          share_$j[$l] = probabilities[saved + row * params.maxKeys + key + $ju] * factors[$j];
        }
        // #end
      }
    }
    // #end
    // #each j 4
    chunk[4u * (4u * group + $ju) + quad] = share_$j;
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, keyCount - first);
    for (var item = 0u; item < inChunk; item += 1u) {
      let four = chunk[4u * item + quad];
      let place = params.v + (firstKey + first + item) * params.vStride + head * HEAD;
      // #each u STEPS
      context_$u = fma(four, vec4f(v[place + min(group + $uu * GROUPS, HEAD - 1u)]), context_$u);
      // #end
    }
    workgroupBarrier();
  }
  // #each u STEPS
  if (group + $uu * GROUPS < HEAD) {
    let place = params.context + (firstRow + firstQuery) * params.inner + head * HEAD + group + $uu * GROUPS;
    // #each l 4
    if (4u * quad + $lu < inTile) {
      context[place + (4u * quad + $lu) * params.inner] = context_$u[$l];
    }
    // #end
  }
  // #end
}
