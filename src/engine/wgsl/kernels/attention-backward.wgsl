// Two roles in one dispatch, by the workgroup's z. With dO the gradient of the context, p the saved shares:
//   role 0, 16 queries of a head: ds = p (drop(dO v) - Σ dO context), dq = ds k, and the sums of ds along diagonals;
//   role 1, 16 keys of a head: ds once more, dk = dsᵀ q, dv = drop(p)ᵀ dO.
// What a workgroup walks along comes in chunks of THREADS. Arrays of vec4 hold four of its 16 side by side. A thread
// belongs to one such four (`quad`) and one of GROUPS groups: of four items of the chunk, then of columns of the head,
// `group` + u · GROUPS. Beyond the ends the last item or column is read instead; nothing is stored of it.
var<workgroup> own: array<vec4f, 4u * HEAD>; // [HEAD][16] dO of the queries, or v of the keys
var<workgroup> slopes: array<vec4f, 4u * THREADS>; // [THREADS][16] ds
var<workgroup> shares: array<vec4f, 4u * THREADS>; // [THREADS][16] drop(p)
var<workgroup> deltas: array<vec4f, 4>; // of the queries
var<workgroup> deltasInChunk: array<f32, THREADS>;

// #if QUERIES
fn ofQueries(index: u32, head: u32, thread: u32) {
  if (index >= extent(params.tileCount)) {
    return;
  }
  let tile = tileAt(index);
  let firstQuery = tile.firstQuery;
  let inTile = tile.inTile;
  let firstRow = tile.firstRow;
  let rows = tile.rows;
  let firstKey = tile.firstKey;
  let keyCount = tile.keyCount;
  for (var item = thread; item < 4u * HEAD; item += THREADS) {
    let d = item % HEAD;
    let quad = item / HEAD;
    var four = vec4f();
    for (var lane = 0u; lane < 4u; lane += 1u) {
      let row = firstRow + min(firstQuery + 4u * quad + lane, rows - 1u);
      four[lane] = dContext[params.dContext + row * params.inner + head * HEAD + d];
    }
    own[4u * d + quad] = four;
  }
  // #if DIAGONALS
  let distances = 2u * params.maxLength - 1u;
  let diagonal = params.diagonals + (index * params.heads + head) * distances;
  // #if !ADDS
  for (var distance = thread; distance < distances; distance += THREADS) {
    diagonals[diagonal + distance] = 0.0;
  }
  // #end
  // #end
  storageBarrier();
  workgroupBarrier();
  if (thread < 4u) {
    var sum = vec4f();
    for (var d = 0u; d < HEAD; d += 1u) {
      var four = vec4f();
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let row = firstRow + min(firstQuery + 4u * thread + lane, rows - 1u);
        four[lane] = context[params.context + row * params.inner + head * HEAD + d];
      }
      sum = fma(own[4u * d + thread], four, sum);
    }
    deltas[thread] = sum;
  }
  workgroupBarrier();

  let saved = params.probabilities + (head * params.capacity + firstRow + firstQuery) * params.maxKeys;
  let group = thread % GROUPS;
  let quad = thread / GROUPS;
  // #each u STEPS
  var dq_$u = vec4f();
  // #end
  for (var first = 0u; first < keyCount; first += THREADS) {
    let key = first + 4u * group;
    // #each j 4
    let place_$j = params.v + (firstKey + min(key + $ju, keyCount - 1u)) * params.vStride + head * HEAD;
    var product_$j = vec4f();
    var slope_$j = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let four = own[4u * d + quad];
      // #each j 4
      product_$j = fma(four, vec4f(v[place_$j + d]), product_$j);
      // #end
    }
    let delta = deltas[quad];
    // #each l 4
    {
      let query = 4u * quad + $lu;
      if (query < inTile) {
        let row = firstRow + firstQuery + query;
        let factors = dropFactors(params.site, params.stack, row, (head * 65536u + key) / 4u);
        // #each j 4
        if (key + $ju < keyCount && sees(firstQuery + query, key + $ju)) {
          let share = probabilities[saved + query * params.maxKeys + key + $ju];
          slope_$j[$l] = share * (product_$j[$l] * factors[$j] - delta[$l]);
        }
        // #end
      }
    }
    // #end
    // #each j 4
    slopes[4u * (4u * group + $ju) + quad] = slope_$j;
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, keyCount - first);
    for (var item = 0u; item < inChunk; item += 1u) {
      let four = slopes[4u * item + quad];
      let place = params.k + (firstKey + first + item) * params.kStride + head * HEAD;
      // #each u STEPS
      dq_$u = fma(four, vec4f(k[place + min(group + $uu * GROUPS, HEAD - 1u)]), dq_$u);
      // #end
    }
    // #if DIAGONALS
    // Distance key - query of item and query i of the tile, from its least on. Its thread is the same in all chunks.
    for (var step = thread; step < THREADS + 15u; step += THREADS) {
      var sum = 0.0;
      for (var i = 0u; i < 16u; i += 1u) {
        let item = step + i;
        if (item >= 15u && item - 15u < inChunk) {
          sum += slopes[4u * (item - 15u) + i / 4u][i % 4u];
        }
      }
      // index = distance + maxLength - 1, distance = first + step - 15 - firstQuery.
      let index = first + step + params.maxLength - 1u;
      if (index >= firstQuery + 15u && index - firstQuery - 15u < distances) {
        diagonals[diagonal + index - firstQuery - 15u] += sum;
      }
    }
    // #end
    workgroupBarrier();
  }
  // #each u STEPS
  if (group + $uu * GROUPS < HEAD) {
    let place = params.dq + (firstRow + firstQuery) * params.dqStride + head * HEAD + group + $uu * GROUPS;
    // #each l 4
    if (4u * quad + $lu < inTile) {
      dq[place + (4u * quad + $lu) * params.dqStride] = dq_$u[$l];
    }
    // #end
  }
  // #end
}
// #end

// #if KEYS
fn ofKeys(index: u32, head: u32, thread: u32) {
  let tilesEach = (params.maxKeys + 15u) / 16u;
  let sequence = index / tilesEach;
  if (sequence >= extent(params.sequences)) {
    return;
  }
  let firstInTile = 16u * (index % tilesEach);
  let firstKey = u32(tables[params.keySequences + 3u * sequence]);
  let keyCount = u32(tables[params.keySequences + 3u * sequence + 1u]);
  if (firstInTile >= keyCount) {
    return;
  }
  let firstRow = u32(tables[params.querySequences + 3u * sequence]);
  let rows = u32(tables[params.querySequences + 3u * sequence + 1u]);
  let inTile = min(16u, keyCount - firstInTile);
  for (var item = thread; item < 4u * HEAD; item += THREADS) {
    let d = item % HEAD;
    let quad = item / HEAD;
    var four = vec4f();
    for (var lane = 0u; lane < 4u; lane += 1u) {
      let row = firstKey + min(firstInTile + 4u * quad + lane, keyCount - 1u);
      four[lane] = v[params.v + row * params.vStride + head * HEAD + d];
    }
    own[4u * d + quad] = four;
  }
  workgroupBarrier();

  let group = thread % GROUPS;
  let quad = thread / GROUPS;
  // #each u STEPS
  var dk_$u = vec4f();
  var dv_$u = vec4f();
  // #end
  // #if CAUSAL
  let begin = firstInTile / THREADS * THREADS;
  // #else
  let begin = 0u;
  // #end
  for (var first = begin; first < rows; first += THREADS) {
    let ownPlace = (firstRow + min(first + thread, rows - 1u)) * params.inner + head * HEAD;
    var delta = 0.0;
    for (var d = 0u; d < HEAD; d += 1u) {
      delta = fma(dContext[params.dContext + ownPlace + d], context[params.context + ownPlace + d], delta);
    }
    deltasInChunk[thread] = delta;
    workgroupBarrier();
    let query = first + 4u * group;
    // #each i 4
    let place_$i = params.dContext + (firstRow + min(query + $iu, rows - 1u)) * params.inner + head * HEAD;
    var product_$i = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let four = own[4u * d + quad];
      // #each i 4
      product_$i = fma(four, vec4f(dContext[place_$i + d]), product_$i);
      // #end
    }
    let key = firstInTile + 4u * quad;
    // #each i 4
    {
      var share = vec4f();
      if (query + $iu < rows) {
        let saved = params.probabilities + (head * params.capacity + firstRow + query + $iu) * params.maxKeys + key;
        // #each l 4
        if (4u * quad + $lu < inTile && sees(query + $iu, key + $lu)) {
          share[$l] = probabilities[saved + $lu];
        }
        // #end
      }
      let factors = dropFactors(params.site, params.stack, firstRow + query + $iu, (head * 65536u + key) / 4u);
      slopes[4u * (4u * group + $iu) + quad] = share * (product_$i * factors - deltasInChunk[4u * group + $iu]);
      shares[4u * (4u * group + $iu) + quad] = share * factors;
    }
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, rows - first);
    for (var item = 0u; item < inChunk; item += 1u) {
      let slope = slopes[4u * item + quad];
      let share = shares[4u * item + quad];
      let queryPlace = params.q + (firstRow + first + item) * params.qStride + head * HEAD;
      let slopePlace = params.dContext + (firstRow + first + item) * params.inner + head * HEAD;
      // #each u STEPS
      {
        let column = min(group + $uu * GROUPS, HEAD - 1u);
        dk_$u = fma(slope, vec4f(q[queryPlace + column]), dk_$u);
        dv_$u = fma(share, vec4f(dContext[slopePlace + column]), dv_$u);
      }
      // #end
    }
    workgroupBarrier();
  }
  // #each u STEPS
  if (group + $uu * GROUPS < HEAD) {
    let column = head * HEAD + group + $uu * GROUPS;
    let row = firstKey + firstInTile + 4u * quad;
    // #each l 4
    if (4u * quad + $lu < inTile) {
      dk[params.dk + (row + $lu) * params.dkStride + column] = dk_$u[$l];
      dv[params.dv + (row + $lu) * params.dvStride + column] = dv_$u[$l];
    }
    // #end
  }
  // #end
}
// #end
