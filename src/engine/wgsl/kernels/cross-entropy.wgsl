// One workgroup: one row of logits, or one for each of its quads. A thread has the same columns all along: the gradient may overwrite them. Columns are
// taken by WIDTH: four at a time where rows are whole fours (VECTOR), else one.
// #if VECTOR
alias Some = vec4f;

fn sumOf(some: Some) -> f32 {
  return some.x + some.y + some.z + some.w;
}

fn greatestOf(some: Some) -> f32 {
  return max(max(some.x, some.y), max(some.z, some.w));
}

// Of some values those of the label's column, else 0.
fn atLabel(some: Some, group: u32, label: u32) -> Some {
  return select(Some(), some, vec4u(4u * group) + vec4u(0u, 1u, 2u, 3u) == vec4u(label));
}
// #else
alias Some = f32;

fn sumOf(some: Some) -> f32 {
  return some;
}

fn greatestOf(some: Some) -> f32 {
  return some;
}

fn atLabel(some: Some, group: u32, label: u32) -> Some {
  return select(0.0, some, group == label);
}
// #end

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  let rows = extent(params.rows);
  if (linear(id) * ROWS_EACH >= rows) {
    return;
  }
  let thread = local % THREADS;
  let own = rowOf(linear(id), local);
  // A quad beyond the last row takes that one again, and writes nothing.
  let row = min(own, rows - 1u);
  let groups = params.columns / WIDTH;
  let start = params.logits / WIDTH + row * groups;
  let label = tables[params.labels + row];
  // Quads of a workgroup go on together: what a row without a label comes to is dropped where it is written.
  // #if !QUAD
  if (label < 0) {
    // #if GRADIENT
    for (var group = thread; group < groups; group += THREADS) {
      logits[start + group] = Some();
    }
    // #end
    if (thread == 0u) {
      losses[params.losses + row] = 0.0;
    }
    return;
  }
  // #end
  var most = Some(-3.4e38);
  for (var group = thread; group < groups; group += THREADS) {
    most = max(most, logits[start + group]);
  }
  let greatest = maxOfThreads(thread, greatestOf(most));
  // #if !QUAD
  workgroupBarrier();
  // #end
  var total = Some();
  for (var group = thread; group < groups; group += THREADS) {
    total += exp(logits[start + group] - greatest);
  }
  let sum = sumOfThreads(thread, sumOf(total));
  let known = u32(max(label, 0));
  let labelled = known / WIDTH;
  if ((own < rows) & (thread == labelled % THREADS)) {
    let logit = sumOf(atLabel(logits[start + labelled], labelled, known));
    losses[params.losses + row] = select(0.0, log(sum) + greatest - logit, label >= 0);
  }
  // #if GRADIENT
  let factor = weights[params.weights + row];
  for (var group = thread; (own < rows) & (group < groups); group += THREADS) {
    let share = exp(logits[start + group] - greatest) / sum;
    let slope = factor * (share - atLabel(Some(1.0), group, known));
    logits[start + group] = select(Some(), slope, label >= 0);
  }
  // #end
}
