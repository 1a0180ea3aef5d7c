// For adapters whose loads and barriers are expensive (software). One workgroup: the four lanes of a quad, for 16 queries
// (a tile) of one head. A lane loads four queries and four of 16 keys, and the quad exchanges the queries, so that a
// load serves 16 products. Where rows are whole fours (FOURS), four columns are loaded at once. Lane: keys 4 · lane … of a
// chunk of 16; then columns 4 · lane + 16 · u of the context. Exchanges as in matmul-quad.wgsl: a lane takes its own, then
// those of the lanes whose numbers differ by 1, 2 and 3; item i of what it has so is item i ^ turn of the tile.
// Every lane reads of `probabilities` what it wrote itself: no barrier.
// Branches are few: where they meet again, such adapters blend every value that any of them may have changed. A lane whose
// last keys are not seen writes the last that is once more instead; what it has no key of counts as 0.
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let index = id.z * 65535u + id.x;
  if (index >= extent(params.tileCount)) {
    return;
  }
  let head = headOf(id.y, thread);
  let lane = invocation & 3u;
  let turn = 4u * lane;
  let tile = tileAt(index);
  // #each i 4
  let query_$i = params.q + (tile.firstRow + min(tile.firstQuery + 4u * lane + $iu, tile.rows - 1u)) * params.qStride + head * params.headSize;
  // #end
  let saved = params.probabilities + (head * params.capacity + tile.firstRow + tile.firstQuery) * params.maxKeys;
  // What is done for each of the 16 queries but not multiplied is a loop over memory: written out, it takes drivers long to
  // compile.
  var found: array<vec4f, 16>; // Scores of a lane's four keys, by i ^ turn. Of queries beyond the tile: of no meaning.
  var fours: array<vec4f, 16>; // Their shares.
  var greatest: array<f32, 16>;
  var sums: array<f32, 16>;
  for (var i = 0u; i < 16u; i += 1u) {
    greatest[i] = -3.4e38;
  }
  // #if BIAS
  var biases: array<f32, 19>; // By j - i + 15.
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each j 4
    let key_$j = params.k + (tile.firstKey + min(key + $ju, tile.keyCount - 1u)) * params.kStride + head * params.headSize;
    // #end
    // #each i 16
    // #each c 4
    var score_$i_$c = 0.0;
    // #end
    // #end
    for (var d = 0u; d < params.headSize; d += AT_ONCE) {
      // #each j 4
      // #if FOURS
      let keys_$j = k[(key_$j + d) / 4u];
      let queries_0_$j = q[(query_$j + d) / 4u];
      // #else
      let keys_$j = k[key_$j + d];
      let queries_0_$j = q[query_$j + d];
      // #end
      let queries_1_$j = quadSwapX(queries_0_$j);
      let queries_2_$j = quadSwapY(queries_0_$j);
      let queries_3_$j = quadSwapDiagonal(queries_0_$j);
      // #end
      // #each c 4
      // #each l 4
      // #each i 4
      // #if FOURS
      score_$(4*l+i)_$c = fma(keys_$c[3], queries_$l_$i[3], fma(keys_$c[2], queries_$l_$i[2],
        fma(keys_$c[1], queries_$l_$i[1], fma(keys_$c[0], queries_$l_$i[0], score_$(4*l+i)_$c))));
      // #else
      score_$(4*l+i)_$c = fma(keys_$c, queries_$l_$i, score_$(4*l+i)_$c);
      // #end
      // #end
      // #end
      // #end
    }
    // #each i 16
    found[$i] = vec4f(score_$i_0, score_$i_1, score_$i_2, score_$i_3);
    // #end
    // #if BIAS
    for (var e = 0u; e < 19u; e += 1u) {
      biases[e] = biasAt(head, key + e + params.maxLength - 16u - tile.firstQuery);
    }
    // #end
    for (var i = 0u; i < tile.inTile; i += 1u) {
      let seen = seenBy(tile, i);
      if (key < seen) {
        let last = seen - 1u;
        // #if BIAS
        let score = found[i ^ turn] + vec4f(biases[15u - i], biases[16u - i], biases[17u - i], biases[18u - i]);
        // #else
        let score = found[i ^ turn];
        // #end
        let second = select(score.x, score.y, key < last);
        let third = select(second, score.z, key + 1u < last);
        let scores = vec4f(score.x, second, third, select(third, score.w, key + 2u < last));
        let place = saved + i * params.maxKeys;
        // #if FOURS
        probabilities[(place + key) / 4u] = scores;
        // #else
        // #each j 4
        probabilities[place + min(key + $ju, last)] = scores[$j];
        // #end
        // #end
        let before = greatest[i];
        let raised = max(before, max(max(scores.x, scores.y), max(scores.z, scores.w)));
        let values = select(vec4f(), exp(scores - raised), vec4u(key) + vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
        sums[i] = sums[i] * exp(before - raised) + (values.x + values.y + values.z + values.w);
        greatest[i] = raised;
      }
    }
  }
  for (var i = 0u; i < tile.inTile; i += 1u) {
    let own = greatest[i];
    var all = max(own, quadSwapX(own));
    all = max(all, quadSwapY(all));
    var sum = sums[i] * exp(own - all);
    sum += quadSwapX(sum);
    sum += quadSwapY(sum);
    greatest[i] = all;
    sums[i] = sum;
  }

  // #each i 16
  // #each u STEPS
  // #each c 4
  var context_$i_$u_$c = 0.0;
  // #end
  // #end
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    for (var i = 0u; i < tile.inTile; i += 1u) {
      var share = vec4f();
      let seen = seenBy(tile, i);
      if (key < seen) {
        let factors = dropFactors(params.site, params.stack, tile.firstRow + tile.firstQuery + i, (head * 65536u + key) / 4u);
        let last = seen - 1u;
        let place = saved + i * params.maxKeys;
        // #if FOURS
        let scores = probabilities[(place + key) / 4u];
        // #else
        let scores = vec4f(
          probabilities[place + key],
          probabilities[place + min(key + 1u, last)],
          probabilities[place + min(key + 2u, last)],
          probabilities[place + min(key + 3u, last)],
        );
        // #end
        let shares = exp(scores - greatest[i]) / sums[i];
        // #if FOURS
        probabilities[(place + key) / 4u] = shares;
        // #else
        // #each j 4
        probabilities[place + min(key + $ju, last)] = shares[$j];
        // #end
        // #end
        share = select(vec4f(), shares * factors, vec4u(key) + vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
      }
      fours[i] = share;
    }
    // #each i 16
    let shares_$i = fours[$i];
    // #end
    // Key j of all four lanes at once: not repeated, for code that compiles soon. A loop has few
    // columns, so that the processor's first cache holds its code.
    // #each h STEP_LOOPS
    for (var j = 0u; j < 4u; j += 1u) {
      // #each l 4
      let place_$l = params.v + (tile.firstKey + min(first + (turn ^ $(4*l)u) + j, tile.keyCount - 1u)) * params.vStride + head * params.headSize;
      // #each u STEPS_EACH
      let value_$l_$(h*STEPS_EACH+u) = valueOf(place_$l, lane, $(h*STEPS_EACH+u)u);
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
        context_$i_$(h*STEPS_EACH+u)_$c = fma(share_3, value_3_$(h*STEPS_EACH+u)[$c], fma(share_2, value_2_$(h*STEPS_EACH+u)[$c],
          fma(share_1, value_1_$(h*STEPS_EACH+u)[$c], fma(share_0, value_0_$(h*STEPS_EACH+u)[$c], context_$i_$(h*STEPS_EACH+u)_$c))));
        // #end
        // #end
      }
      // #end
    }
    // #end
  }
  var contexts: array<vec4f, 16 * STEPS>;
  // #each i 16
  // #each u STEPS
  contexts[$(i*STEPS+u)] = vec4f(context_$i_$u_0, context_$i_$u_1, context_$i_$u_2, context_$i_$u_3);
  // #end
  // #end
  for (var i = 0u; i < tile.inTile; i += 1u) {
    let place = params.context + (tile.firstRow + tile.firstQuery + i) * params.inner + head * params.headSize + 4u * lane;
    for (var u = 0u; u < STEPS; u += 1u) {
      let four = contexts[i * STEPS + u];
      // #if FOURS
      if (4u * lane + 16u * u < params.headSize) {
        context[(place + 16u * u) / 4u] = four;
      }
      // #else
      // #each c 4
      if (4u * lane + 16u * u + $cu < params.headSize) {
        context[place + 16u * u + $cu] = four[$c];
      }
      // #end
      // #end
    }
  }
}

// A lane's four columns of a value that begins at a place.
fn valueOf(place: u32, lane: u32, step: u32) -> vec4f {
  // #if FOURS
  return v[(place + fourOf(lane, step)) / 4u];
  // #else
  return vec4f(
    v[place + columnOf(lane, step, 0u)],
    v[place + columnOf(lane, step, 1u)],
    v[place + columnOf(lane, step, 2u)],
    v[place + columnOf(lane, step, 3u)],
  );
  // #end
}
