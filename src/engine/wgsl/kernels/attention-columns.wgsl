// The quads of a workgroup have a head each of the same tile, so that they branch alike.
fn headOf(group: u32, thread: u32) -> u32 {
  return group * HEADS_EACH + thread / 4u;
}

// Column of a head that a lane of a quad has: beyond the head the last one is read instead, and is not stored.
fn columnOf(lane: u32, step: u32, c: u32) -> u32 {
  return min(16u * step + 4u * lane + c, params.headSize - 1u);
}

// #if FOURS
// The first of four such columns: beyond the head its last four.
fn fourOf(lane: u32, step: u32) -> u32 {
  return min(16u * step + 4u * lane, params.headSize - 4u);
}
// #end
