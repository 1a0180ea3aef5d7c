// What is added to a score: by the distance of key and query.
fn biasOf(head: u32, query: u32, key: u32) -> f32 {
  // #if BIAS
  return biasAt(head, key + params.maxLength - 1u - query);
  // #else
  return 0.0;
  // #end
}

// #if BIAS
// By the distance's place in the table; places beyond it are no distance of any pair.
fn biasAt(head: u32, place: u32) -> f32 {
  let bucket = u32(tables[params.buckets + min(place, 2u * params.maxLength - 2u)]);
  return bias[params.bias + bucket * params.heads + head];
}
// #end
