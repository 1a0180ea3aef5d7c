// For adapters whose loads and barriers are expensive (software). One workgroup: the four lanes of a quad, for 16 queries
// (a tile) of one head. A lane loads four queries and four of 16 keys, and the quad exchanges the queries, so that a
// load serves 16 products. Lane: keys 4 · lane … of a chunk of 16; then columns 4 · lane + 16 · u of the context.
// Every lane reads of `probabilities` what it wrote itself: no barrier.
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
    // #each i 16
    if ($iu < tile.inTile) {
      // #each j 4
      if (key + $ju < tile.keyCount && sees(tile.firstQuery + $iu, key + $ju)) {
        let score = score_$i[$j] + biasOf(head, tile.firstQuery + $iu, key + $ju);
        probabilities[saved + $iu * params.maxKeys + key + $ju] = score;
        greatest_$i = max(greatest_$i, score);
      }
      // #end
    }
    // #end
  }

  // #each i 16
  greatest_$i = max(greatest_$i, quadSwapX(greatest_$i));
  greatest_$i = max(greatest_$i, quadSwapY(greatest_$i));
  // #end
  for (var key = 4u * lane; key < tile.keyCount; key += 16u) {
    // #each i 16
    if ($iu < tile.inTile) {
      // #each j 4
      if (key + $ju < tile.keyCount && sees(tile.firstQuery + $iu, key + $ju)) {
        let place = saved + $iu * params.maxKeys + key + $ju;
        let value = exp(probabilities[place] - greatest_$i);
        probabilities[place] = value;
        sum_$i += value;
      }
      // #end
    }
    // #end
  }
  // #each i 16
  sum_$i += quadSwapX(sum_$i);
  sum_$i += quadSwapY(sum_$i);
  // #each u STEPS
  var context_$i_$u = vec4f();
  // #end
  // #end

  for (var first = 0u; first < tile.keyCount; first += 16u) {
    let key = first + 4u * lane;
    // #each i 16
    var share_$i = vec4f();
    if ($iu < tile.inTile) {
      let factors = dropFactors(params.site, params.stack, tile.firstRow + tile.firstQuery + $iu, (head * 65536u + key) / 4u);
      // #each j 4
      if (key + $ju < tile.keyCount && sees(tile.firstQuery + $iu, key + $ju)) {
        let place = saved + $iu * params.maxKeys + key + $ju;
        let value = probabilities[place] / sum_$i;
        probabilities[place] = value;
        share_$i[$j] = value * factors[$j];
      }
      // #end
    }
    // #end
    // Key j of each lane in turn: shares are turned round rather than repeated, for code that compiles soon.
    for (var j = 0u; j < 4u; j += 1u) {
    // #each l 4
    if (first + $(4*l)u + j < tile.keyCount) {
      let place = params.v + (tile.firstKey + first + $(4*l)u + j) * params.vStride + head * HEAD;
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
        let share = vec4f(quadBroadcast(share_$i.x, $lu));
        // #each u STEPS
        context_$i_$u = fma(share, value_$u, context_$i_$u);
        // #end
      }
      // #end
    }
    // #end
    // #each i 16
    share_$i = share_$i.yzwx;
    // #end
    }
  }
  // #each i 16
  if ($iu < tile.inTile) {
    let place = params.context + (tile.firstRow + tile.firstQuery + $iu) * params.inner + head * HEAD;
    // #each u STEPS
    // #each c 4
    if (4u * lane + $(16*u+c)u < HEAD) {
      context[place + 4u * lane + $(16*u+c)u] = context_$i_$u[$c];
    }
    // #end
    // #end
  }
  // #end
}
