// One workgroup. Answer rows come first.
var<workgroup> answers: array<f32, 256>;
var<workgroup> rationales: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  let rows = extent(params.rows);
  let answerRows = extent(params.answerRows);
  var answer = 0.0;
  var rationale = 0.0;
  for (var row = thread; row < rows; row += 256u) {
    let loss = losses[params.losses + row];
    if (row < answerRows) {
      answer += loss;
    } else {
      rationale += loss;
    }
  }
  answers[thread] = answer;
  rationales[thread] = rationale;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (thread < half) {
      answers[thread] += answers[thread + half];
      rationales[thread] += rationales[thread + half];
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    if (accumulates(params.accumulate)) {
      results[params.results] += answers[0];
      results[params.results + 1u] += rationales[0];
    } else {
      results[params.results] = answers[0];
      results[params.results + 1u] = rationales[0];
    }
  }
}
