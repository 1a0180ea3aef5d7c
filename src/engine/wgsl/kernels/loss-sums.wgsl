// One workgroup. Answer rows come first.
@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  let rows = extent(params.rows);
  let answerRows = extent(params.answerRows);
  var answer = 0.0;
  var rationale = 0.0;
  for (var row = thread; row < rows; row += THREADS) {
    let loss = losses[params.losses + row];
    if (row < answerRows) {
      answer += loss;
    } else {
      rationale += loss;
    }
  }
  answer = sumOfThreads(thread, answer);
  workgroupBarrier();
  rationale = sumOfThreads(thread, rationale);
  if (thread == 0u) {
    if (accumulates(params.accumulate)) {
      results[params.results] += answer;
      results[params.results + 1u] += rationale;
    } else {
      results[params.results] = answer;
      results[params.results + 1u] = rationale;
    }
  }
}
