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
  let own_$i = (tile.firstRow + min(tile.firstQuery + 4u * lane + $iu, tile.rows - 1u)) * params.inner + head * params.headSize;
  let slope_at_$i = params.dContext + own_$i;
  let context_at_$i = params.context + own_$i;
  // #end
  // #if DIAGONALS
  // Distances lie among the lanes by their rest when divided by four: the same lane has one in all chunks.
  let distances = 2u * params.maxLength - 1u;
  let diagonal = params.diagonals + (index * params.heads + head) * distances;
  let shift = params.maxLength - 16u - tile.firstQuery;
  if (params.adds == 0u) {
    for (var distance = (lane + shift) & 3u; distance < distances; distance += 4u) {
      diagonals[diagonal + distance] = 0.0;
    }
  }
  // #end
  var delta = vec4f();
  for (var d = 0u; d < params.headSize; d += AT_ONCE) {
    // #each j 4
    // #if FOURS
    let slopes_$j = dContext[(slope_at_$j + d) / 4u];
    let values_$j = context[(context_at_$j + d) / 4u];
    // #else
    let slopes_$j = vec4f(dContext[slope_at_$j + d]);
    let values_$j = vec4f(context[context_at_$j + d]);
    // #end
    // #end
    // #each e AT_ONCE
    delta = fma(
      vec4f(slopes_0[$e], slopes_1[$e], slopes_2[$e], slopes_3[$e]),
      vec4f(values_0[$e], values_1[$e], values_2[$e], values_3[$e]),
      delta,
    );
    // #end
  }
  // As in attention-quad.wgsl: what is done for each query but not multiplied is a loop over memory.
  var products: array<vec4f, 16>;
  var deltas: array<f32, 16>;
  var fours: array<vec4f, 16>; // Slopes of a lane's four keys; 0 of queries beyond the tile.
  // #each l 4
  {
    let four = quadBroadcast(delta, $lu);
    // #each i 4
    deltas[$(4*l+i)] = four[$i];
    // #end
  }
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
    let value_at_$j = params.v + (tile.firstKey + min(key + $ju, tile.keyCount - 1u)) * params.vStride + head * params.headSize;
    // #end
    // #each i 16
    var product_$i = vec4f();
    // #end
    for (var d = 0u; d < params.headSize; d += AT_ONCE) {
      // #each j 4
      // #if FOURS
      let values_$j = v[(value_at_$j + d) / 4u];
      let slopes_$j = dContext[(slope_at_$j + d) / 4u];
      // #else
      let values_$j = vec4f(v[value_at_$j + d]);
      let slopes_$j = vec4f(dContext[slope_at_$j + d]);
      // #end
      // #end
      // #each e AT_ONCE
      {
        let values = vec4f(values_0[$e], values_1[$e], values_2[$e], values_3[$e]);
        let slopes = vec4f(slopes_0[$e], slopes_1[$e], slopes_2[$e], slopes_3[$e]);
        // #each l 4
        {
          let four = quadBroadcast(slopes, $lu);
          // #each i 4
          product_$(4*l+i) = fma(vec4f(four[$i]), values, product_$(4*l+i));
          // #end
        }
        // #end
      }
      // #end
    }
    // #each i 16
    products[$i] = product_$i;
    // #end
    for (var i = 0u; i < tile.inTile; i += 1u) {
      let last = seenBy(tile, i) - 1u;
      let place = saved + i * params.maxKeys;
      let row = tile.firstRow + tile.firstQuery + i;
      let factors = dropFactors(params.site, params.stack, row, (head * 65536u + key) / 4u);
      let keys = vec4u(key) + vec4u(0u, 1u, 2u, 3u);
      // #if FOURS
      let shares = probabilities[(place + min(key, params.maxKeys - 4u)) / 4u];
      // #else
      let places = vec4u(place) + min(keys, vec4u(last));
      let shares = vec4f(
        probabilities[places.x], probabilities[places.y], probabilities[places.z], probabilities[places.w],
      );
      // #end
      fours[i] = select(vec4f(), shares * (products[i] * factors - deltas[i]), keys <= vec4u(last));
    }
    // #each i 16
    let slopes_$i = fours[$i];
    // #end
    // Key j of each lane in turn: not repeated, for code that compiles soon.
    for (var j = 0u; j < 4u; j += 1u) {
      // #each i 16
      let slope_of_$i = slopes_$i[j];
      // #end
      // #each l 4
      {
        let place = params.k + (tile.firstKey + min(first + $(4*l)u + j, tile.keyCount - 1u)) * params.kStride + head * params.headSize;
        // #each u STEPS
        // #if FOURS
        let key_$u = k[(place + fourOf(lane, $uu)) / 4u];
        // #else
        let key_$u = vec4f(
          k[place + columnOf(lane, $uu, 0u)],
          k[place + columnOf(lane, $uu, 1u)],
          k[place + columnOf(lane, $uu, 2u)],
          k[place + columnOf(lane, $uu, 3u)],
        );
        // #end
        // #end
        // #each i 16
        {
          let slope = vec4f(quadBroadcast(slope_of_$i, $lu));
          // #each u STEPS
          dq_$i_$u = fma(slope, key_$u, dq_$i_$u);
          // #end
        }
        // #end
      }
      // #end
    }
    // #if DIAGONALS
    // A lane's own sums by j - i + 15; then those of all lanes, 4 · lane further each.
    // #each e 19
    var local_$e = 0.0;
    // #end
    // #each i 16
    // #each j 4
    local_$(j+-1*i+15) += slopes_$i[$j];
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
  var sums: array<vec4f, 16 * STEPS>;
  // #each i 16
  // #each u STEPS
  sums[$(i*STEPS+u)] = dq_$i_$u;
  // #end
  // #end
  for (var i = 0u; i < tile.inTile; i += 1u) {
    let place = params.dq + (tile.firstRow + tile.firstQuery + i) * params.dqStride + head * params.headSize + 4u * lane;
    for (var u = 0u; u < STEPS; u += 1u) {
      let four = sums[i * STEPS + u];
      // #if FOURS
      if (4u * lane + 16u * u < params.headSize) {
        dq[(place + 16u * u) / 4u] = four;
      }
      // #else
      // #each c 4
      if (4u * lane + 16u * u + $cu < params.headSize) {
        dq[place + 16u * u + $cu] = four[$c];
      }
      // #end
      // #end
    }
  }
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
  let own_$i = params.v + (firstKey + min(firstInTile + 4u * lane + $iu, keyCount - 1u)) * params.vStride + head * params.headSize;
  // #end
  var products: array<vec4f, 16>;
  var fourSlopes: array<vec4f, 16>; // Of a lane's four queries.
  var fourShares: array<vec4f, 16>;
  // #each i 16
  // #each u STEPS
  var dk_$i_$u = vec4f();
  var dv_$i_$u = vec4f();
  // #end
  // #end
  let begin = select(0u, firstInTile, isCausal());
  for (var first = begin; first < rows; first += 16u) {
    let query = first + 4u * lane;
    // #each j 4
    let row_$j = (firstRow + min(query + $ju, rows - 1u)) * params.inner + head * params.headSize;
    let slope_at_$j = params.dContext + row_$j;
    let context_at_$j = params.context + row_$j;
    // #end
    // #each i 16
    var product_$i = vec4f();
    // #end
    var delta = vec4f();
    for (var d = 0u; d < params.headSize; d += AT_ONCE) {
      // #each j 4
      // #if FOURS
      let slopes_$j = dContext[(slope_at_$j + d) / 4u];
      let outputs_$j = context[(context_at_$j + d) / 4u];
      let values_$j = v[(own_$j + d) / 4u];
      // #else
      let slopes_$j = vec4f(dContext[slope_at_$j + d]);
      let outputs_$j = vec4f(context[context_at_$j + d]);
      let values_$j = vec4f(v[own_$j + d]);
      // #end
      // #end
      // #each e AT_ONCE
      {
        let slopes = vec4f(slopes_0[$e], slopes_1[$e], slopes_2[$e], slopes_3[$e]);
        let values = vec4f(values_0[$e], values_1[$e], values_2[$e], values_3[$e]);
        delta = fma(slopes, vec4f(outputs_0[$e], outputs_1[$e], outputs_2[$e], outputs_3[$e]), delta);
        // #each l 4
        {
          let four = quadBroadcast(values, $lu);
          // #each i 4
          product_$(4*l+i) = fma(vec4f(four[$i]), slopes, product_$(4*l+i));
          // #end
        }
        // #end
      }
      // #end
    }
    let saved = params.probabilities + (head * params.capacity + firstRow) * params.maxKeys + firstInTile;
    // #each j 4
    let saved_$j = saved + min(query + $ju, rows - 1u) * params.maxKeys;
    // #end
    // #each i 16
    products[$i] = product_$i;
    // #end
    for (var b = 0u; 4u * b < inTile; b += 1u) {
      // #each j 4
      let factors_$j = dropFactors(
        params.site, params.stack, firstRow + query + $ju, (head * 65536u + firstInTile) / 4u + b,
      );
      // #end
      // #if FOURS
      // #each j 4
      let found_$j = probabilities[(saved_$j + 4u * b) / 4u];
      // #end
      // #end
      // #each i 4
      {
        // Keys beyond the tile are of no meaning (the last one is read instead), and nothing is stored of them.
        let own = min(4u * b + $iu, inTile - 1u);
        // #if FOURS
        let found = vec4f(found_0[$i], found_1[$i], found_2[$i], found_3[$i]);
        // #else
        let found = vec4f(
          probabilities[saved_0 + own], probabilities[saved_1 + own], probabilities[saved_2 + own], probabilities[saved_3 + own],
        );
        // #end
        let share = select(vec4f(), found, vec4<bool>(
          (query < rows) & sees(query, firstInTile + own),
          (query + 1u < rows) & sees(query + 1u, firstInTile + own),
          (query + 2u < rows) & sees(query + 2u, firstInTile + own),
          (query + 3u < rows) & sees(query + 3u, firstInTile + own),
        ));
        let keeps = vec4f(factors_0[$i], factors_1[$i], factors_2[$i], factors_3[$i]);
        fourSlopes[4u * b + $iu] = share * (products[4u * b + $iu] * keeps - delta);
        fourShares[4u * b + $iu] = share * keeps;
      }
      // #end
    }
    // #each i 16
    let slopes_$i = fourSlopes[$i];
    let shares_$i = fourShares[$i];
    // #end
    for (var j = 0u; j < 4u; j += 1u) {
      // #each i 16
      let slope_of_$i = slopes_$i[j];
      let share_of_$i = shares_$i[j];
      // #end
      // #each l 4
      {
        let row = firstRow + min(first + $(4*l)u + j, rows - 1u);
        let queryPlace = params.q + row * params.qStride + head * params.headSize;
        let slopePlace = params.dContext + row * params.inner + head * params.headSize;
        // #each u STEPS
        // #if FOURS
        let query_$u = q[(queryPlace + fourOf(lane, $uu)) / 4u];
        let output_$u = dContext[(slopePlace + fourOf(lane, $uu)) / 4u];
        // #else
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
        // #end
        // #each i 16
        {
          let slope = vec4f(quadBroadcast(slope_of_$i, $lu));
          let share = vec4f(quadBroadcast(share_of_$i, $lu));
          // #each u STEPS
          dk_$i_$u = fma(slope, query_$u, dk_$i_$u);
          dv_$i_$u = fma(share, output_$u, dv_$i_$u);
          // #end
        }
        // #end
      }
      // #end
    }
  }
  var sums: array<vec4f, 16 * STEPS>;
  // #each i 16
  // #each u STEPS
  sums[$(i*STEPS+u)] = dk_$i_$u;
  // #end
  // #end
  for (var i = 0u; i < inTile; i += 1u) {
    let place = params.dk + (firstKey + firstInTile + i) * params.dkStride + head * params.headSize + 4u * lane;
    for (var u = 0u; u < STEPS; u += 1u) {
      let four = sums[i * STEPS + u];
      // #if FOURS
      if (4u * lane + 16u * u < params.headSize) {
        dk[(place + 16u * u) / 4u] = four;
      }
      // #else
      // #each c 4
      if (4u * lane + 16u * u + $cu < params.headSize) {
        dk[place + 16u * u + $cu] = four[$c];
      }
      // #end
      // #end
    }
  }
  // #each i 16
  // #each u STEPS
  sums[$(i*STEPS+u)] = dv_$i_$u;
  // #end
  // #end
  for (var i = 0u; i < inTile; i += 1u) {
    let place = params.dv + (firstKey + firstInTile + i) * params.dvStride + head * params.headSize + 4u * lane;
    for (var u = 0u; u < STEPS; u += 1u) {
      let four = sums[i * STEPS + u];
      // #if FOURS
      if (4u * lane + 16u * u < params.headSize) {
        dv[(place + 16u * u) / 4u] = four;
      }
      // #else
      // #each c 4
      if (4u * lane + 16u * u + $cu < params.headSize) {
        dv[place + 16u * u + $cu] = four[$c];
      }
      // #end
      // #end
    }
  }
}
// #end
