// One workgroup: one run of consecutive rows, whose share of the weight's gradient it sums. A thread keeps the same
// quads of columns in all rows: quad = thread + u · THREADS.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let rows = extent(params.rows);
  let columns = params.columns;
  let runLength = (rows + params.runs - 1u) / params.runs;
  let firstRow = min(id.x * runLength, rows);
  let endRow = min(firstRow + runLength, rows);
  // #each u QUADS
  var total_$u = vec4f();
  // #end
  for (var row = firstRow; row < endRow; row += 1u) {
    let start = row * columns;
    let scale = inverse[params.inverse + row];
    var dot = 0.0;
    // #each u QUADS
    var dropped_$u = vec4f();
    {
      let quad = thread + $uu * THREADS;
      // #if OWN_DROPOUT
      let factors = dropFactors(params.site, params.stack, row, quad);
      // #else
      let factors = vec4f(1.0);
      // #end
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let column = 4u * quad + lane;
        if (column < columns) {
          let value = dy[params.dy + start + column] * factors[lane];
          let input = x[params.x + start + column];
          dropped_$u[lane] = value;
          total_$u[lane] += value * input * scale;
          dot += weight[params.weight + column] * value * input;
        }
      }
    }
    // #end
    dot = sumOfThreads(thread, dot);
    let mean = dot * scale * scale / f32(columns);
    // #if !QUAD
    workgroupBarrier();
    // #end
    // #each u QUADS
    {
      let quad = thread + $uu * THREADS;
      let keeps = dropBelow(row, quad);
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let column = 4u * quad + lane;
        if (column < columns) {
          let place = start + column;
          var value = scale * (weight[params.weight + column] * dropped_$u[lane] - x[params.x + place] * mean);
          // #if ADDS
          value += dx[params.dx + place];
          // #end
          dx[params.dx + place] = value;
          // #if NEXT
          below[params.below + place] = value * keeps[lane];
          // #end
        }
      }
    }
    // #end
  }
  // #each u QUADS
  for (var lane = 0u; lane < 4u; lane += 1u) {
    let column = 4u * (thread + $uu * THREADS) + lane;
    if (column < columns) {
      sumsOut[params.sumsOut + id.x * columns + column] = total_$u[lane];
    }
  }
  // #end
}

fn dropBelow(row: u32, quad: u32) -> vec4f {
  // #if NEXT
  return dropFactors(params.nextSite, params.nextStack, row, quad);
  // #else
  return vec4f(1.0);
  // #end
}
