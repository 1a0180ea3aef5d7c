// Tiles of both operands in workgroup memory, k first. A thread has 4 · ROW_BLOCKS rows by GROUPS fours of columns.
const TILE_ROWS = THREADS_Y * ROW_BLOCKS; // in blocks of four
const TILE_GROUPS = THREADS_X * GROUPS;
const DEPTH_BLOCKS = DEPTH / 4u;
var<workgroup> tileA: array<vec4f, DEPTH * TILE_ROWS>;
var<workgroup> tileB: array<vec4f, DEPTH * TILE_GROUPS>;

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let size = sizes();
  let firstRow = id.y * TILE_ROWS * 4u;
  let firstGroup = id.x * TILE_GROUPS;
  // #each i 4*ROW_BLOCKS
  // #each r GROUPS
  var sum_$i_$r = vec4f();
  // #end
  // #end
  for (var k0 = 0u; k0 < size.k; k0 += DEPTH) {
    for (var block = thread; block < DEPTH_BLOCKS * (TILE_ROWS + TILE_GROUPS); block += THREADS_X * THREADS_Y) {
      if (block < DEPTH_BLOCKS * TILE_ROWS) {
        // Neighbours read what lies side by side.
        // #if TN
        let depth = block / TILE_ROWS;
        let row = block % TILE_ROWS;
        // #else
        let depth = block % DEPTH_BLOCKS;
        let row = block / DEPTH_BLOCKS;
        // #end
        var values = mat4x4f();
        if (k0 + 4u * depth < size.k) {
          values = blockA(originA(firstRow + 4u * row, size), k0 + 4u * depth);
        }
        // #each k 4
        tileA[(4u * depth + $ku) * TILE_ROWS + row] = values[$k];
        // #end
      } else {
        let other = block - DEPTH_BLOCKS * TILE_ROWS;
        // #if NT
        let depth = other % DEPTH_BLOCKS;
        let group = other / DEPTH_BLOCKS;
        // #else
        let depth = other / TILE_GROUPS;
        let group = other % TILE_GROUPS;
        // #end
        var values = mat4x4f();
        if (k0 + 4u * depth < size.k) {
          values = blockB(originB(firstGroup + group, size), k0 + 4u * depth);
        }
        // #each k 4
        tileB[(4u * depth + $ku) * TILE_GROUPS + group] = values[$k];
        // #end
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k += 1u) {
      // #each q ROW_BLOCKS
      let a_$q = tileA[k * TILE_ROWS + local.y * ROW_BLOCKS + $qu];
      // #end
      // #each r GROUPS
      let b_$r = tileB[k * TILE_GROUPS + local.x * GROUPS + $ru];
      // #end
      // #each i 4*ROW_BLOCKS
      // #each r GROUPS
      sum_$i_$r = fma(vec4f(a_$(i/4)[$(i%4)]), b_$r, sum_$i_$r);
      // #end
      // #end
    }
    workgroupBarrier();
  }
  let row = firstRow + 4u * ROW_BLOCKS * local.y;
  let group = firstGroup + GROUPS * local.x;
  // #each i 4*ROW_BLOCKS
  // #if GATE
  // #each r PAIRS
  keepPair(size, row + $iu, group + 2u * $ru, sum_$i_$(2*r), sum_$i_$(2*r+1));
  // #end
  // #else
  // #each r GROUPS
  keep(size, row + $iu, group + $ru, sum_$i_$r);
  // #end
  // #end
  // #end
}
