// One workgroup: one row of logits. A thread has the same columns all along: the gradient may overwrite them. Columns are
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

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = linear(id);
  if (row >= extent(params.rows)) {
    return;
  }
  let groups = params.columns / WIDTH;
  let start = params.logits / WIDTH + row * groups;
  let label = tables[params.labels + row];
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
  let labelled = u32(label) / WIDTH;
  if (thread == labelled % THREADS) {
    let logit = sumOf(atLabel(logits[start + labelled], labelled, u32(label)));
    losses[params.losses + row] = log(sum) + greatest - logit;
  }
  // #if GRADIENT
  let factor = weights[params.weights + row];
  for (var group = thread; group < groups; group += THREADS) {
    let share = exp(logits[start + group] - greatest) / sum;
    logits[start + group] = factor * (share - atLabel(Some(1.0), group, u32(label)));
  }
  // #end
}
