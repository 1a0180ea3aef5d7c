// Both roles in one dispatch, by the workgroup's z, or one of them.
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) id: vec3u,
  // #if QUAD
  @builtin(subgroup_invocation_id) invocation: u32,
  // #else
  @builtin(local_invocation_index) thread: u32,
  // #end
) {
  // #if QUAD
  let thread = invocation & 3u;
  // #end
  // #if QUERIES
  // #if KEYS
  if (id.z % 2u == 0u) {
    ofQueries(id.z / 2u * 65535u + id.x, id.y, thread);
  } else {
    ofKeys(id.z / 2u * 65535u + id.x, id.y, thread);
  }
  // #else
  ofQueries(id.z * 65535u + id.x, id.y, thread);
  // #end
  // #else
  ofKeys(id.z * 65535u + id.x, id.y, thread);
  // #end
}
