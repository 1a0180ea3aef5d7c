// Both roles in one dispatch, by the workgroup's z, or one of them.
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) local: u32,
  // #if QUAD
  @builtin(subgroup_invocation_id) invocation: u32,
  // #end
) {
  // #if QUAD
  let thread = invocation & 3u;
  let head = headOf(id.y, local);
  // #else
  let thread = local;
  let head = id.y;
  // #end
  // #if QUERIES
  // #if KEYS
  if (id.z % 2u == 0u) {
    ofQueries(id.z / 2u * 65535u + id.x, head, thread);
  } else {
    ofKeys(id.z / 2u * 65535u + id.x, head, thread);
  }
  // #else
  ofQueries(id.z * 65535u + id.x, head, thread);
  // #end
  // #else
  ofKeys(id.z * 65535u + id.x, head, thread);
  // #end
}
