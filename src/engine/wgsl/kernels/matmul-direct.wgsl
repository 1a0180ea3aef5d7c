// Everything in registers, nothing shared: 4 · ROW_BLOCKS rows by GROUPS fours of columns a thread.
@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let size = sizes();
  let row = id.y * 4u * ROW_BLOCKS;
  let group = id.x * GROUPS;
  if (row >= size.m || group >= groupCount(size.n)) {
    return;
  }
  // #each i 4*ROW_BLOCKS
  // #each r GROUPS
  var sum_$i_$r = vec4f();
  // #end
  // #end
  // #each q ROW_BLOCKS
  let originA_$q = originA(row + 4u * $qu, size);
  // #end
  // #each r GROUPS
  let originB_$r = originB(group + $ru, size);
  // #end
  for (var k0 = 0u; k0 < size.k; k0 += 4u) {
    // #each q ROW_BLOCKS
    let a_$q = blockA(originA_$q, k0);
    // #end
    // #each r GROUPS
    let b_$r = blockB(originB_$r, k0);
    // #end
    // #each k 4
    // #each i 4*ROW_BLOCKS
    // #each r GROUPS
    sum_$i_$r = fma(vec4f(a_$(i/4)[$k][$(i%4)]), b_$r[$k], sum_$i_$r);
    // #end
    // #end
    // #end
  }
  // In an array and a loop: the epilogue is long, and drivers would write it out for every row.
  var sums: array<vec4f, ROWS * GROUPS>;
  // #each i 4*ROW_BLOCKS
  // #each r GROUPS
  sums[$(i*GROUPS+r)] = sum_$i_$r;
  // #end
  // #end
  keepAll(size, row, 0u, group, &sums);
}
