// The role of keys; see attention-backward-quad-queries.wgsl.
// #if KEYS
// A lane's four columns of a query that begins at a place; then of its context's gradient.
fn queryOf(place: u32, lane: u32, step: u32) -> vec4f {
  // #if FOURS
  return q[(place + fourOf(lane, step)) / 4u];
  // #else
  return vec4f(
    q[place + columnOf(lane, step, 0u)],
    q[place + columnOf(lane, step, 1u)],
    q[place + columnOf(lane, step, 2u)],
    q[place + columnOf(lane, step, 3u)],
  );
  // #end
}

fn slopeOf(place: u32, lane: u32, step: u32) -> vec4f {
  // #if FOURS
  return dContext[(place + fourOf(lane, step)) / 4u];
  // #else
  return vec4f(
    dContext[place + columnOf(lane, step, 0u)],
    dContext[place + columnOf(lane, step, 1u)],
    dContext[place + columnOf(lane, step, 2u)],
    dContext[place + columnOf(lane, step, 3u)],
  );
  // #end
}

fn ofKeys(index: u32, head: u32, lane: u32) {
  let turn = 4u * lane;
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
  var products: array<vec4f, 16>; // By i ^ turn.
  var fourSlopes: array<vec4f, 16>; // Of a lane's four queries.
  var fourShares: array<vec4f, 16>;
  // #each i 16
  // #each u STEPS
  // #each c 4
  var dk_$i_$u_$c = 0.0;
  var dv_$i_$u_$c = 0.0;
  // #end
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
    // #each c 4
    var product_$i_$c = 0.0;
    // #end
    // #end
    var delta = vec4f();
    for (var d = 0u; d < params.headSize; d += AT_ONCE) {
      // #each j 4
      // #if FOURS
      let slopes_$j = dContext[(slope_at_$j + d) / 4u];
      let outputs_$j = context[(context_at_$j + d) / 4u];
      let values_0_$j = v[(own_$j + d) / 4u];
      // #else
      let slopes_$j = dContext[slope_at_$j + d];
      let outputs_$j = context[context_at_$j + d];
      let values_0_$j = v[own_$j + d];
      // #end
      let values_1_$j = quadSwapX(values_0_$j);
      let values_2_$j = quadSwapY(values_0_$j);
      let values_3_$j = quadSwapDiagonal(values_0_$j);
      // #end
      // #if FOURS
      // #each e 4
      delta = fma(
        vec4f(slopes_0[$e], slopes_1[$e], slopes_2[$e], slopes_3[$e]),
        vec4f(outputs_0[$e], outputs_1[$e], outputs_2[$e], outputs_3[$e]),
        delta,
      );
      // #end
      // #else
      delta = fma(vec4f(slopes_0, slopes_1, slopes_2, slopes_3), vec4f(outputs_0, outputs_1, outputs_2, outputs_3), delta);
      // #end
      // #each c 4
      // #each l 4
      // #each i 4
      // #if FOURS
      product_$(4*l+i)_$c = fma(slopes_$c[3], values_$l_$i[3], fma(slopes_$c[2], values_$l_$i[2],
        fma(slopes_$c[1], values_$l_$i[1], fma(slopes_$c[0], values_$l_$i[0], product_$(4*l+i)_$c))));
      // #else
      product_$(4*l+i)_$c = fma(slopes_$c, values_$l_$i, product_$(4*l+i)_$c);
      // #end
      // #end
      // #end
      // #end
    }
    let saved = params.probabilities + (head * params.capacity + firstRow) * params.maxKeys + firstInTile;
    // #each j 4
    let saved_$j = saved + min(query + $ju, rows - 1u) * params.maxKeys;
    // #end
    // #each i 16
    products[$i] = vec4f(product_$i_0, product_$i_1, product_$i_2, product_$i_3);
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
        fourSlopes[4u * b + $iu] = share * (products[(4u * b + $iu) ^ turn] * keeps - delta);
        fourShares[4u * b + $iu] = share * keeps;
      }
      // #end
    }
    // #each i 16
    let slopes_$i = fourSlopes[$i];
    let shares_$i = fourShares[$i];
    // #end
    // #each h STEP_LOOPS
    for (var j = 0u; j < 4u; j += 1u) {
      // #each l 4
      let place_$l = params.q + (firstRow + min(first + (turn ^ $(4*l)u) + j, rows - 1u)) * params.qStride + head * params.headSize;
      // #each u STEPS_EACH
      let query_$l_$u = queryOf(place_$l, lane, $(h*STEPS_EACH+u)u);
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
        dk_$i_$(h*STEPS_EACH+u)_$c = fma(slope_3, query_3_$u[$c], fma(slope_2, query_2_$u[$c],
          fma(slope_1, query_1_$u[$c], fma(slope_0, query_0_$u[$c], dk_$i_$(h*STEPS_EACH+u)_$c))));
        // #end
        // #end
      }
      // #end
    }
    for (var j = 0u; j < 4u; j += 1u) {
      // #each l 4
      let place_$l = params.dContext + (firstRow + min(first + (turn ^ $(4*l)u) + j, rows - 1u)) * params.inner + head * params.headSize;
      // #each u STEPS_EACH
      let output_$l_$u = slopeOf(place_$l, lane, $(h*STEPS_EACH+u)u);
      // #end
      // #end
      // #each i 16
      {
        let share_0 = shares_$i[j];
        let share_1 = quadSwapX(share_0);
        let share_2 = quadSwapY(share_0);
        let share_3 = quadSwapDiagonal(share_0);
        // #each u STEPS_EACH
        // #each c 4
        dv_$i_$(h*STEPS_EACH+u)_$c = fma(share_3, output_3_$u[$c], fma(share_2, output_2_$u[$c],
          fma(share_1, output_1_$u[$c], fma(share_0, output_0_$u[$c], dv_$i_$(h*STEPS_EACH+u)_$c))));
        // #end
        // #end
      }
      // #end
    }
    // #end
  }
  var sums: array<vec4f, 16 * STEPS>;
  // #each i 16
  // #each u STEPS
  sums[$(i*STEPS+u)] = vec4f(dk_$i_$u_0, dk_$i_$u_1, dk_$i_$u_2, dk_$i_$u_3);
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
  sums[$(i*STEPS+u)] = vec4f(dv_$i_$u_0, dv_$i_$u_1, dv_$i_$u_2, dv_$i_$u_3);
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
