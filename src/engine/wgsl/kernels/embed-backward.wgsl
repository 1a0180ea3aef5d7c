// One thread: one column of one distinct id. The sum of its positions first, then one addition to the gradient.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let index = linear(id) * 64u + thread;
  let columns = params.columns;
  let item = index / columns;
  if (item >= extent(params.distinctIds)) {
    return;
  }
  let column = index % columns;
  let encoderRows = extent(params.encoderRows);
  let end = u32(tables[params.starts + item + 1u]);
  var sum = 0.0;
  for (var at = u32(tables[params.starts + item]); at < end; at += 1u) {
    let row = u32(tables[params.positions + at]);
    if (row < encoderRows) {
      sum += encoder[params.encoder + row * columns + column];
    } else {
      sum += decoder[params.decoder + (row - encoderRows) * columns + column];
    }
  }
  let place = params.output + u32(tables[params.ids + item]) * columns + column;
  output[place] = output[place] + sum;
}
