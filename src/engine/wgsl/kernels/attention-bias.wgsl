// What is added to a score: by the distance of key and query.
fn biasOf(head: u32, query: u32, key: u32) -> f32 {
  // #if BIAS
  let bucket = u32(tables[params.buckets + key + params.maxLength - 1u - query]);
  return bias[params.bias + bucket * params.heads + head];
  // #else
  return 0.0;
  // #end
}
