// For adapters whose loads and barriers are expensive (software). One workgroup: the four lanes of a quad, for 16 queries
// (a tile) of one head. A lane loads four queries and four of 16 keys, and the quad exchanges the queries, so that a
// load serves 16 products. Lane: keys 4 · lane … of a chunk of 16; then columns 4 · lane + 16 · u of the context.
// Every lane reads of `probabilities` what it wrote itself: no barrier.
// Branches are few: where they meet again, such adapters blend every value that any of them may have changed. A lane whose
// last keys are not seen writes the last that is once more instead; what it has no key of counts as 0.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let index = id.z * 65535u + id.x;
  if (index >= extent(params.tileCount)) {
    return;
  }
  let head = id.y;
  let lane = invocation & 3u;
  let tile = tileAt(index);
  // #each i 4
  let query_$i = params.q + (tile.firstRow + min(tile.firstQuery + 4u * lane + $iu, tile.rows - 1u)) * params.qStride + head * HEAD;
  // #end
  let saved = params.probabilities + (head * params.capacity + tile.firstRow + tile.firstQuery) * params.maxKeys;
  // #each i 16
  var greatest_$i = -3.4e38;
  var sum_$i = 0.0;
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each j 4
    let key_$j = params.k + (tile.firstKey + min(key + $ju, tile.keyCount - 1u)) * params.kStride + head * HEAD;
    // #end
    // #each i 16
    var score_$i = vec4f();
    // #end
    for (var d = 0u; d < HEAD; d += 1u) {
      let keys = vec4f(k[key_0 + d], k[key_1 + d], k[key_2 + d], k[key_3 + d]);
      let queries = vec4f(q[query_0 + d], q[query_1 + d], q[query_2 + d], q[query_3 + d]);
      // #each l 4
      {
        let four = quadBroadcast(queries, $lu);
        // #each i 4
        score_$(4*l+i) = fma(vec4f(four[$i]), keys, score_$(4*l+i));
        // #end
      }
      // #end
    }
    // #if BIAS
    // By j - i + 15.
    // #each e 19
    let bias_$e = biasAt(head, key + $eu + params.maxLength - 16u - tile.firstQuery);
    // #end
    // #end
    // #each i 16
    if (($iu < tile.inTile) & (key < seenBy(tile, $iu))) {
      let last = seenBy(tile, $iu) - 1u;
      // #if BIAS
      score_$i += vec4f(bias_$(15+-1*i), bias_$(16+-1*i), bias_$(17+-1*i), bias_$(18+-1*i));
      // #end
      let second = select(score_$i.x, score_$i.y, key < last);
      let third = select(second, score_$i.z, key + 1u < last);
      let scores = vec4f(score_$i.x, second, third, select(third, score_$i.w, key + 2u < last));
      let place = saved + $iu * params.maxKeys;
      // #each j 4
      probabilities[place + min(key + $ju, last)] = scores[$j];
      // #end
      let raised = max(greatest_$i, max(max(scores.x, scores.y), max(scores.z, scores.w)));
      let values = select(vec4f(), exp(scores - raised), vec4u(key) + vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
      sum_$i = sum_$i * exp(greatest_$i - raised) + (values.x + values.y + values.z + values.w);
      greatest_$i = raised;
    }
    // #end
  }

  // #each i 16
  // #each u STEPS
  var context_$i_$u = vec4f();
  // #end
  {
    var greatest = max(greatest_$i, quadSwapX(greatest_$i));
    greatest = max(greatest, quadSwapY(greatest));
    sum_$i *= exp(greatest_$i - greatest);
    greatest_$i = greatest;
    sum_$i += quadSwapX(sum_$i);
    sum_$i += quadSwapY(sum_$i);
  }
  // #end
  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each i 16
    var share_$i = vec4f();
    if (($iu < tile.inTile) & (key < seenBy(tile, $iu))) {
      let factors = dropFactors(params.site, params.stack, tile.firstRow + tile.firstQuery + $iu, (head * 65536u + key) / 4u);
      let last = seenBy(tile, $iu) - 1u;
      let place = saved + $iu * params.maxKeys;
      let scores = vec4f(
        probabilities[place + key],
        probabilities[place + min(key + 1u, last)],
        probabilities[place + min(key + 2u, last)],
        probabilities[place + min(key + 3u, last)],
      );
      let shares = exp(scores - greatest_$i) / sum_$i;
      // #each j 4
      probabilities[place + min(key + $ju, last)] = shares[$j];
      // #end
      share_$i = select(vec4f(), shares * factors, vec4u(key) + vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
    }
    // #end
    // #each i 16
    let shares_$i = share_$i;
    // #end
    // Key j of each lane in turn: not repeated, for code that compiles soon.
    for (var j = 0u; j < 4u; j += 1u) {
      // #each i 16
      let share_of_$i = shares_$i[j];
      // #end
      // #each l 4
      {
        let place = params.v + (tile.firstKey + min(first + $(4*l)u + j, tile.keyCount - 1u)) * params.vStride + head * HEAD;
        // #each u STEPS
        let value_$u = vec4f(
          v[place + columnOf(lane, $uu, 0u)],
          v[place + columnOf(lane, $uu, 1u)],
          v[place + columnOf(lane, $uu, 2u)],
          v[place + columnOf(lane, $uu, 3u)],
        );
        // #end
        // #each i 16
        {
          let share = vec4f(quadBroadcast(share_of_$i, $lu));
          // #each u STEPS
          context_$i_$u = fma(share, value_$u, context_$i_$u);
          // #end
        }
        // #end
      }
      // #end
    }
  }
  // #each i 16
  if ($iu < tile.inTile) {
    let place = params.context + (tile.firstRow + tile.firstQuery + $iu) * params.inner + head * HEAD + 4u * lane;
    // #each u STEPS
    // #each c 4
    if (4u * lane + $(16*u+c)u < HEAD) {
      context[place + $(16*u+c)u] = context_$i_$u[$c];
    }
    // #end
    // #end
  }
  // #end
}
