// One workgroup: one row. The lowest index wins ties.
var<workgroup> values: array<f32, 128>;
var<workgroup> places: array<u32, 128>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = linear(id);
  if (row >= extent(params.rows)) {
    return;
  }
  let start = params.logits + row * params.columns;
  var best = -3.4e38;
  var place = 0xffffffffu;
  for (var column = thread; column < params.columns; column += 128u) {
    let value = logits[start + column];
    if (value > best || place == 0xffffffffu) {
      best = value;
      place = column;
    }
  }
  values[thread] = best;
  places[thread] = place;
  workgroupBarrier();
  for (var half = 64u; half > 0u; half /= 2u) {
    if (thread < half) {
      let other = values[thread + half];
      let index = places[thread + half];
      if (other > values[thread] || (other == values[thread] && index < places[thread])) {
        values[thread] = other;
        places[thread] = index;
      }
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    let ended = tables[params.finished + row] != 0;
    let chosen = select(i32(places[0]), i32(params.padId), ended);
    tables[params.generated + runWord(POSITION_WORD) * params.capacity + row] = chosen;
    tables[params.ids + row] = chosen;
    tables[params.finished + row] = select(0, 1, ended || chosen == i32(params.endId));
  }
}
