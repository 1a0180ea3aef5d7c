// Two roles in one dispatch, by the workgroup's z. With dO the gradient of the context, p the saved shares:
//   role 0, 16 queries of a head: ds = p (drop(dO v) - Σ dO context), dq = ds k, and the sums of ds along diagonals;
//   role 1, 16 keys of a head: ds once more, dk = dsᵀ q, dv = drop(p)ᵀ dO.
// What a workgroup walks along comes in chunks of THREADS. Arrays of vec4 hold four of its 16 side by side.
var<workgroup> own: array<vec4f, 4u * HEAD>; // [HEAD][16] dO of the queries, or v of the keys
var<workgroup> slopes: array<vec4f, 4u * THREADS>; // [THREADS][16] ds
var<workgroup> shares: array<vec4f, 4u * THREADS>; // [THREADS][16] drop(p)
var<workgroup> deltas: array<vec4f, 4>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  // #if QUERIES
  // #if KEYS
  if (id.z % 2u == 0u) {
    ofQueries(id.z / 2u * 65535u + id.x, id.y, thread);
  } else {
    ofKeys(id.z / 2u * 65535u + id.x, id.y, thread);
  }
  // #else
  ofQueries(id.z * 65535u + id.x, id.y, thread);
  // #end
  // #else
  ofKeys(id.z * 65535u + id.x, id.y, thread);
  // #end
}

fn sees(query: u32, key: u32) -> bool {
  // #if CAUSAL
  return key <= query;
  // #else
  return true;
  // #end
}

// #if QUERIES
fn ofQueries(tile: u32, head: u32, thread: u32) {
  if (tile >= extent(params.tileCount)) {
    return;
  }
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
  let diagonal = params.diagonals + (tile * params.heads + head) * distances;
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
  // #each u STEPS
  // #each a 4
  var dq_$u_$a = vec4f();
  // #end
  // #end
  for (var first = 0u; first < keyCount; first += THREADS) {
    let key = first + thread;
    // #each a 4
    var slope_$a = vec4f();
    // #end
    if (key < keyCount) {
      let place = params.v + (firstKey + key) * params.vStride + head * HEAD;
      for (var d = 0u; d < HEAD; d += 1u) {
        let value = vec4f(v[place + d]);
        // #each a 4
        slope_$a = fma(own[4u * d + $au], value, slope_$a);
        // #end
      }
      // #each a 4
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let query = 4u * $au + lane;
        if (query < inTile && sees(firstQuery + query, key)) {
          let factors = dropFactors(params.site, params.stack, firstRow + firstQuery + query, (head * 65536u + key) / 4u);
          let share = probabilities[saved + query * params.maxKeys + key];
          slope_$a[lane] = share * (slope_$a[lane] * factors[key % 4u] - deltas[$a][lane]);
        } else {
          slope_$a[lane] = 0.0;
        }
      }
      // #end
    }
    // #each a 4
    slopes[4u * thread + $au] = slope_$a;
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, keyCount - first);
    // #each u STEPS
    if (thread + $uu * THREADS < HEAD) {
      for (var item = 0u; item < inChunk; item += 1u) {
        let place = params.k + (firstKey + first + item) * params.kStride + head * HEAD;
        let value = vec4f(k[place + thread + $uu * THREADS]);
        // #each a 4
        dq_$u_$a = fma(slopes[4u * item + $au], value, dq_$u_$a);
        // #end
      }
    }
    // #end
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
  if (thread + $uu * THREADS < HEAD) {
    let place = params.dq + (firstRow + firstQuery) * params.dqStride + head * HEAD + thread + $uu * THREADS;
    // #each a 4
    for (var lane = 0u; lane < 4u; lane += 1u) {
      if (4u * $au + lane < inTile) {
        dq[place + (4u * $au + lane) * params.dqStride] = dq_$u_$a[lane];
      }
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

  // #each u STEPS
  // #each a 4
  var dk_$u_$a = vec4f();
  var dv_$u_$a = vec4f();
  // #end
  // #end
  // #if CAUSAL
  let begin = firstInTile / THREADS * THREADS;
  // #else
  let begin = 0u;
  // #end
  for (var first = begin; first < rows; first += THREADS) {
    let query = first + thread;
    // #each a 4
    var slope_$a = vec4f();
    var share_$a = vec4f();
    // #end
    if (query < rows) {
      var delta = 0.0;
      let place = (firstRow + query) * params.inner + head * HEAD;
      for (var d = 0u; d < HEAD; d += 1u) {
        let value = dContext[params.dContext + place + d];
        delta = fma(value, context[params.context + place + d], delta);
        // #each a 4
        slope_$a = fma(own[4u * d + $au], vec4f(value), slope_$a);
        // #end
      }
      let saved = params.probabilities + (head * params.capacity + firstRow + query) * params.maxKeys + firstInTile;
      // #each a 4
      {
        let factors = dropFactors(params.site, params.stack, firstRow + query, (head * 65536u + firstInTile) / 4u + $au);
        for (var lane = 0u; lane < 4u; lane += 1u) {
          let key = 4u * $au + lane;
          if (key < inTile && sees(query, firstInTile + key)) {
            share_$a[lane] = probabilities[saved + key];
          }
        }
        slope_$a = share_$a * (slope_$a * factors - delta);
        share_$a *= factors;
      }
      // #end
    }
    // #each a 4
    slopes[4u * thread + $au] = slope_$a;
    shares[4u * thread + $au] = share_$a;
    // #end
    workgroupBarrier();
    let inChunk = min(THREADS, rows - first);
    // #each u STEPS
    if (thread + $uu * THREADS < HEAD) {
      for (var item = 0u; item < inChunk; item += 1u) {
        let row = firstRow + first + item;
        let column = head * HEAD + thread + $uu * THREADS;
        let value = vec4f(q[params.q + row * params.qStride + column]);
        let slope = vec4f(dContext[params.dContext + row * params.inner + column]);
        // #each a 4
        dk_$u_$a = fma(slopes[4u * item + $au], value, dk_$u_$a);
        dv_$u_$a = fma(shares[4u * item + $au], slope, dv_$u_$a);
        // #end
      }
    }
    // #end
    workgroupBarrier();
  }
  // #each u STEPS
  if (thread + $uu * THREADS < HEAD) {
    let column = head * HEAD + thread + $uu * THREADS;
    let row = firstKey + firstInTile;
    // #each a 4
    for (var lane = 0u; lane < 4u; lane += 1u) {
      let key = 4u * $au + lane;
      if (key < inTile) {
        dk[params.dk + (row + key) * params.dkStride + column] = dk_$u_$a[lane];
        dv[params.dv + (row + key) * params.dvStride + column] = dv_$u_$a[lane];
      }
    }
    // #end
  }
  // #end
}
// #end
