// One workgroup: one run of consecutive rows, whose share of the weight's gradient it sums, or one for each of its quads. A
// thread keeps the same quads of columns in all rows: quad = thread + u · THREADS.
@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let thread = local % THREADS;
  let ownRun = rowOf(id.x, local);
  let rows = extent(params.rows);
  let columns = params.columns;
  let runLength = (rows + params.runs - 1u) / params.runs;
  let firstRow = min(ownRun * runLength, rows);
  let endRow = min(firstRow + runLength, rows);
  // #each u QUADS
  var total_$u = vec4f();
  // #if VECTOR
  let quad_$u = min(thread + $uu * THREADS, columns / 4u - 1u);
  // #end
  // #end
  // #if QUAD
  // All quads of a workgroup take as many steps: what lies beyond a run counts as 0.
  for (var at = 0u; at < runLength; at += 1u) {
    let row = min(firstRow + at, rows - 1u);
    let isOwn = firstRow + at < endRow;
  // #else
  for (var row = firstRow; row < endRow; row += 1u) {
    const isOwn = true;
  // #end
    let scale = inverse[params.inverse + row];
    // #if VECTOR
    // What lies beyond the row counts as 0: no branch but for what is written.
    let start = row * (columns / 4u);
    var products = vec4f();
    // #each u QUADS
    let input_$u = x[params.x / 4u + start + quad_$u];
    let value_$u = select(
      vec4f(), dy[params.dy / 4u + start + quad_$u] * dropOwn(row, quad_$u), isOwn & (quad_$u == thread + $uu * THREADS),
    );
    let weighted_$u = weight[params.weight / 4u + quad_$u] * value_$u;
    total_$u = fma(value_$u * input_$u, vec4f(scale), total_$u);
    products = fma(weighted_$u, input_$u, products);
    // #end
    let dot = sumOfThreads(thread, products.x + products.y + products.z + products.w);
    let mean = dot * scale * scale / f32(columns);
    // #if !QUAD
    workgroupBarrier();
    // #end
    // #each u QUADS
    if (isOwn & (quad_$u == thread + $uu * THREADS)) {
      let place = start + quad_$u;
      // #if ADDS
      let value = dx[params.dx / 4u + place] + scale * (weighted_$u - input_$u * mean);
      // #else
      let value = scale * (weighted_$u - input_$u * mean);
      // #end
      dx[params.dx / 4u + place] = value;
      // #if NEXT
      below[params.below / 4u + place] = value * dropBelow(row, quad_$u);
      // #end
    }
    // #end
    // #else
    let start = row * columns;
    var dot = 0.0;
    // #each u QUADS
    var dropped_$u = vec4f();
    {
      let quad = thread + $uu * THREADS;
      let factors = dropOwn(row, quad);
      for (var lane = 0u; lane < 4u; lane += 1u) {
        let column = 4u * quad + lane;
        if (isOwn & (column < columns)) {
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
        if (isOwn & (column < columns)) {
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
    // #end
  }
  let isRun = ownRun < params.runs;
  // #each u QUADS
  // #if VECTOR
  if (isRun & (quad_$u == thread + $uu * THREADS)) {
    sumsOut[params.sumsOut / 4u + ownRun * (columns / 4u) + quad_$u] = total_$u;
  }
  // #else
  for (var lane = 0u; lane < 4u; lane += 1u) {
    let column = 4u * (thread + $uu * THREADS) + lane;
    if (isRun & (column < columns)) {
      sumsOut[params.sumsOut + ownRun * columns + column] = total_$u[lane];
    }
  }
  // #end
  // #end
}

fn dropOwn(row: u32, quad: u32) -> vec4f {
  // #if OWN_DROPOUT
  return dropFactors(params.site, params.stack, row, quad);
  // #else
  return vec4f(1.0);
  // #end
}

fn dropBelow(row: u32, quad: u32) -> vec4f {
  // #if NEXT
  return dropFactors(params.nextSite, params.nextStack, row, quad);
  // #else
  return vec4f(1.0);
  // #end
}
