// What attention-backward.wgsl computes, as attention-quad.wgsl does it: the four lanes of a quad, for 16 queries of a head
// (the role of keys, attention-backward-quad-keys.wgsl: for 16 keys), without barriers. A lane has four items of each chunk
// of 16 that is walked along (keys for queries, queries for keys), then columns 4 · lane + 16 · u of the head.
// #if QUERIES
// A lane's four columns of a key that begins at a place.
fn keyOf(place: u32, lane: u32, step: u32) -> vec4f {
  // #if FOURS
  return k[(place + fourOf(lane, step)) / 4u];
  // #else
  return vec4f(
    k[place + columnOf(lane, step, 0u)],
    k[place + columnOf(lane, step, 1u)],
    k[place + columnOf(lane, step, 2u)],
    k[place + columnOf(lane, step, 3u)],
  );
  // #end
}

fn ofQueries(index: u32, head: u32, lane: u32) {
  let turn = 4u * lane;
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
  var products: array<vec4f, 16>; // By i ^ turn, as what follows.
  var deltas: array<f32, 16>;
  var fours: array<vec4f, 16>; // Slopes of a lane's four keys; 0 of queries beyond the tile.
  let deltas_0 = delta;
  let deltas_1 = quadSwapX(delta);
  let deltas_2 = quadSwapY(delta);
  let deltas_3 = quadSwapDiagonal(delta);
  // #each l 4
  // #each i 4
  deltas[$(4*l+i)] = deltas_$l[$i];
  // #end
  // #end
  let saved = params.probabilities + (head * params.capacity + tile.firstRow + tile.firstQuery) * params.maxKeys;
  // #each i 16
  // #each u STEPS
  // #each c 4
  var dq_$i_$u_$c = 0.0;
  // #end
  // #end
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each j 4
    let value_at_$j = params.v + (tile.firstKey + min(key + $ju, tile.keyCount - 1u)) * params.vStride + head * params.headSize;
    // #end
    // #each i 16
    // #each c 4
    var product_$i_$c = 0.0;
    // #end
    // #end
    for (var d = 0u; d < params.headSize; d += AT_ONCE) {
      // #each j 4
      // #if FOURS
      let values_$j = v[(value_at_$j + d) / 4u];
      let slopes_0_$j = dContext[(slope_at_$j + d) / 4u];
      // #else
      let values_$j = v[value_at_$j + d];
      let slopes_0_$j = dContext[slope_at_$j + d];
      // #end
      let slopes_1_$j = quadSwapX(slopes_0_$j);
      let slopes_2_$j = quadSwapY(slopes_0_$j);
      let slopes_3_$j = quadSwapDiagonal(slopes_0_$j);
      // #end
      // #each c 4
      // #each l 4
      // #each i 4
      // #if FOURS
      product_$(4*l+i)_$c = fma(values_$c[3], slopes_$l_$i[3], fma(values_$c[2], slopes_$l_$i[2],
        fma(values_$c[1], slopes_$l_$i[1], fma(values_$c[0], slopes_$l_$i[0], product_$(4*l+i)_$c))));
      // #else
      product_$(4*l+i)_$c = fma(values_$c, slopes_$l_$i, product_$(4*l+i)_$c);
      // #end
      // #end
      // #end
      // #end
    }
    // #each i 16
    products[$i] = vec4f(product_$i_0, product_$i_1, product_$i_2, product_$i_3);
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
      fours[i] = select(vec4f(), shares * (products[i ^ turn] * factors - deltas[i ^ turn]), keys <= vec4u(last));
    }
    // #each i 16
    let slopes_$i = fours[$i];
    // #end
    // Key j of all four lanes at once: not repeated, for code that compiles soon.
    // #each h STEP_LOOPS
    for (var j = 0u; j < 4u; j += 1u) {
      // #each l 4
      let place_$l = params.k + (tile.firstKey + min(first + (turn ^ $(4*l)u) + j, tile.keyCount - 1u)) * params.kStride + head * params.headSize;
      // #each u STEPS_EACH
      let key_$l_$(h*STEPS_EACH+u) = keyOf(place_$l, lane, $(h*STEPS_EACH+u)u);
      // #end
      // #end
      // #each i 16
      {
        let slope_0 = slopes_$i[j];
        let slope_1 = quadSwapX(slope_0);
        let slope_2 = quadSwapY(slope_0);
        let slope_3 = quadSwapDiagonal(slope_0);
        // #each u STEPS_EACH
        // #each c 4
        dq_$i_$(h*STEPS_EACH+u)_$c = fma(slope_3, key_3_$(h*STEPS_EACH+u)[$c], fma(slope_2, key_2_$(h*STEPS_EACH+u)[$c],
          fma(slope_1, key_1_$(h*STEPS_EACH+u)[$c], fma(slope_0, key_0_$(h*STEPS_EACH+u)[$c], dq_$i_$(h*STEPS_EACH+u)_$c))));
        // #end
        // #end
      }
      // #end
    }
    // #end
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
  sums[$(i*STEPS+u)] = vec4f(dq_$i_$u_0, dq_$i_$u_1, dq_$i_$u_2, dq_$i_$u_3);
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
