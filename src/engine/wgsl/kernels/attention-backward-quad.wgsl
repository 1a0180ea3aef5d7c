// What attention-backward.wgsl computes, as attention-quad.wgsl does it: one workgroup is the four lanes of a quad, for
// 16 queries or 16 keys of a head, without barriers. A lane has four items of each chunk of 16 that is walked along
// (keys for queries, queries for keys), then columns 4 · lane + 16 · u of the head.
// #if QUERIES
fn ofQueries(index: u32, head: u32, lane: u32) {
  if (index >= extent(params.tileCount)) {
    return;
  }
  let tile = tileAt(index);
  // #each i 4
  let own_$i = (tile.firstRow + min(tile.firstQuery + 4u * lane + $iu, tile.rows - 1u)) * params.inner + head * HEAD;
  let slope_at_$i = params.dContext + own_$i;
  let context_at_$i = params.context + own_$i;
  // #end
  // #if DIAGONALS
  // Distances lie among the lanes by their rest when divided by four: the same lane has one in all chunks.
  let distances = 2u * params.maxLength - 1u;
  let diagonal = params.diagonals + (index * params.heads + head) * distances;
  let shift = params.maxLength - 16u - tile.firstQuery;
  // #if !ADDS
  for (var distance = (lane + shift) & 3u; distance < distances; distance += 4u) {
    diagonals[diagonal + distance] = 0.0;
  }
  // #end
  // #end
  var delta = vec4f();
  for (var d = 0u; d < HEAD; d += 1u) {
    let slopes = vec4f(
      dContext[slope_at_0 + d], dContext[slope_at_1 + d], dContext[slope_at_2 + d], dContext[slope_at_3 + d],
    );
    let values = vec4f(
      context[context_at_0 + d], context[context_at_1 + d], context[context_at_2 + d], context[context_at_3 + d],
    );
    delta = fma(slopes, values, delta);
  }
  // #each l 4
  let delta_$l = quadBroadcast(delta, $lu);
  // #end
  let saved = params.probabilities + (head * params.capacity + tile.firstRow + tile.firstQuery) * params.maxKeys;
  // #each i 16
  // #each u STEPS
  var dq_$i_$u = vec4f();
  // #end
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each j 4
    let value_at_$j = params.v + (tile.firstKey + min(key + $ju, tile.keyCount - 1u)) * params.vStride + head * HEAD;
    // #end
    // #each i 16
    var product_$i = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let values = vec4f(v[value_at_0 + d], v[value_at_1 + d], v[value_at_2 + d], v[value_at_3 + d]);
      let slopes = vec4f(
        dContext[slope_at_0 + d], dContext[slope_at_1 + d], dContext[slope_at_2 + d], dContext[slope_at_3 + d],
      );
      // #each l 4
      {
        let four = quadBroadcast(slopes, $lu);
        // #each i 4
        product_$(4*l+i) = fma(vec4f(four[$i]), values, product_$(4*l+i));
        // #end
      }
      // #end
    }
    // #each l 4
    // #each i 4
    var slope_$(4*l+i) = vec4f();
    if ($(4*l+i)u < tile.inTile) {
      let row = tile.firstRow + tile.firstQuery + $(4*l+i)u;
      let factors = dropFactors(params.site, params.stack, row, (head * 65536u + key) / 4u);
      // #each j 4
      if (key + $ju < tile.keyCount && sees(tile.firstQuery + $(4*l+i)u, key + $ju)) {
        let share = probabilities[saved + $(4*l+i)u * params.maxKeys + key + $ju];
        slope_$(4*l+i)[$j] = share * (product_$(4*l+i)[$j] * factors[$j] - delta_$l[$i]);
      }
      // #end
    }
    // #end
    // #end
    // Key j of each lane in turn: slopes are turned round rather than repeated, for code that compiles soon.
    for (var j = 0u; j < 4u; j += 1u) {
    // #each l 4
    if (first + $(4*l)u + j < tile.keyCount) {
      let place = params.k + (tile.firstKey + first + $(4*l)u + j) * params.kStride + head * HEAD;
      // #each u STEPS
      let key_$u = vec4f(
        k[place + columnOf(lane, $uu, 0u)],
        k[place + columnOf(lane, $uu, 1u)],
        k[place + columnOf(lane, $uu, 2u)],
        k[place + columnOf(lane, $uu, 3u)],
      );
      // #end
      // #each i 16
      {
        let slope = vec4f(quadBroadcast(slope_$i.x, $lu));
        // #each u STEPS
        dq_$i_$u = fma(slope, key_$u, dq_$i_$u);
        // #end
      }
      // #end
    }
    // #end
    // #each i 16
    slope_$i = slope_$i.yzwx;
    // #end
    }
    // #if DIAGONALS
    // A lane's own sums by j - i + 15; then those of all lanes, 4 · lane further each.
    // #each e 19
    var local_$e = 0.0;
    // #end
    // #each i 16
    // #each j 4
    local_$(j+-1*i+15) += slope_$i[$j];
    // #end
    // #end
    // #each t 32
    var all_$t = 0.0;
    // #end
    // #each e 19
    // #each l 4
    all_$(e+4*l) += quadBroadcast(local_$e, $lu);
    // #end
    // #end
    // #each m 8
    {
      let distance = first + $(4*m)u + lane + shift; // Below 0 it wraps around, beyond all distances.
      let four = vec4f(all_$(4*m), all_$(4*m+1), all_$(4*m+2), all_$(4*m+3));
      if (distance < distances) {
        diagonals[diagonal + distance] += four[lane];
      }
    }
    // #end
    // #end
  }
  // #each i 16
  if ($iu < tile.inTile) {
    let place = params.dq + (tile.firstRow + tile.firstQuery + $iu) * params.dqStride + head * HEAD + 4u * lane;
    // #each u STEPS
    // #each c 4
    if (4u * lane + $(16*u+c)u < HEAD) {
      dq[place + $(16*u+c)u] = dq_$i_$u[$c];
    }
    // #end
    // #end
  }
  // #end
}
// #end

// #if KEYS
fn ofKeys(index: u32, head: u32, lane: u32) {
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
  // #each i 4
  let own_$i = params.v + (firstKey + min(firstInTile + 4u * lane + $iu, keyCount - 1u)) * params.vStride + head * HEAD;
  // #end
  // #each i 16
  // #each u STEPS
  var dk_$i_$u = vec4f();
  var dv_$i_$u = vec4f();
  // #end
  // #end
  // #if CAUSAL
  let begin = firstInTile;
  // #else
  let begin = 0u;
  // #end
  for (var first = begin; first < rows; first += 16u) {
    let query = first + 4u * lane;
    // #each j 4
    let row_$j = (firstRow + min(query + $ju, rows - 1u)) * params.inner + head * HEAD;
    let slope_at_$j = params.dContext + row_$j;
    let context_at_$j = params.context + row_$j;
    // #end
    // #each i 16
    var product_$i = vec4f();
    // #end
    var delta = vec4f();
    for (var d = 0u; d < HEAD; d += 1u) {
      let slopes = vec4f(
        dContext[slope_at_0 + d], dContext[slope_at_1 + d], dContext[slope_at_2 + d], dContext[slope_at_3 + d],
      );
      let outputs = vec4f(
        context[context_at_0 + d], context[context_at_1 + d], context[context_at_2 + d], context[context_at_3 + d],
      );
      let values = vec4f(v[own_0 + d], v[own_1 + d], v[own_2 + d], v[own_3 + d]);
      delta = fma(slopes, outputs, delta);
      // #each l 4
      {
        let four = quadBroadcast(values, $lu);
        // #each i 4
        product_$(4*l+i) = fma(vec4f(four[$i]), slopes, product_$(4*l+i));
        // #end
      }
      // #end
    }
    let saved = params.probabilities + (head * params.capacity + firstRow + query) * params.maxKeys + firstInTile;
    // #each b 4
    // #each j 4
    let factors_$b_$j = dropFactors(
      params.site, params.stack, firstRow + query + $ju, (head * 65536u + firstInTile) / 4u + $bu,
    );
    // #end
    // #each i 4
    var share_$(4*b+i) = vec4f();
    if ($(4*b+i)u < inTile) {
      // #each j 4
      if (query + $ju < rows && sees(query + $ju, firstInTile + $(4*b+i)u)) {
        share_$(4*b+i)[$j] = probabilities[saved + $ju * params.maxKeys + $(4*b+i)u];
      }
      // #end
    }
    let keeps_$(4*b+i) = vec4f(factors_$b_0[$i], factors_$b_1[$i], factors_$b_2[$i], factors_$b_3[$i]);
    var slope_$(4*b+i) = share_$(4*b+i) * (product_$(4*b+i) * keeps_$(4*b+i) - delta);
    share_$(4*b+i) *= keeps_$(4*b+i);
    // #end
    // #end
    for (var j = 0u; j < 4u; j += 1u) {
    // #each l 4
    if (first + $(4*l)u + j < rows) {
      let queryPlace = params.q + (firstRow + first + $(4*l)u + j) * params.qStride + head * HEAD;
      let slopePlace = params.dContext + (firstRow + first + $(4*l)u + j) * params.inner + head * HEAD;
      // #each u STEPS
      let query_$u = vec4f(
        q[queryPlace + columnOf(lane, $uu, 0u)],
        q[queryPlace + columnOf(lane, $uu, 1u)],
        q[queryPlace + columnOf(lane, $uu, 2u)],
        q[queryPlace + columnOf(lane, $uu, 3u)],
      );
      let output_$u = vec4f(
        dContext[slopePlace + columnOf(lane, $uu, 0u)],
        dContext[slopePlace + columnOf(lane, $uu, 1u)],
        dContext[slopePlace + columnOf(lane, $uu, 2u)],
        dContext[slopePlace + columnOf(lane, $uu, 3u)],
      );
      // #end
      // #each i 16
      {
        let slope = vec4f(quadBroadcast(slope_$i.x, $lu));
        let share = vec4f(quadBroadcast(share_$i.x, $lu));
        // #each u STEPS
        dk_$i_$u = fma(slope, query_$u, dk_$i_$u);
        dv_$i_$u = fma(share, output_$u, dv_$i_$u);
        // #end
      }
      // #end
    }
    // #end
    // #each i 16
    slope_$i = slope_$i.yzwx;
    share_$i = share_$i.yzwx;
    // #end
    }
  }
  // #each i 16
  if ($iu < inTile) {
    let row = firstKey + firstInTile + $iu;
    let column = head * HEAD + 4u * lane;
    // #each u STEPS
    // #each c 4
    if (4u * lane + $(16*u+c)u < HEAD) {
      dk[params.dk + row * params.dkStride + column + $(16*u+c)u] = dk_$i_$u[$c];
      dv[params.dv + row * params.dvStride + column + $(16*u+c)u] = dv_$i_$u[$c];
    }
    // #end
    // #end
  }
  // #end
}
// #end
