// For adapters whose loads are expensive (software): the four lanes of a quad load other rows of A, exchange them, and have
// other columns of B. A quad has 16 · ROW_BLOCKS rows by 4 · GROUPS fours of columns; a workgroup is one quad.
@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let size = sizes();
  let lane = invocation & 3u;
  let firstRow = id.y * 16u * ROW_BLOCKS;
  let group = (id.x * 4u + lane) * GROUPS;
  let ownRow = firstRow + lane * 4u * ROW_BLOCKS;
  // #each i 16*ROW_BLOCKS
  // #each r GROUPS
  var sum_$i_$r = vec4f();
  // #end
  // #end
  // #each q ROW_BLOCKS
  let originA_$q = originA(ownRow + 4u * $qu, size);
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
    // Four products at once for each sum, float by float: what comes between two of them stays at hand. SwiftShader has few
    // registers, and stores every value that is not needed at once.
    // #each l 4
    // #each q ROW_BLOCKS
    // #each s 4
    {
      // #each k 4
      let a$k = quadBroadcast(a_$q[$k][$s], $lu);
      // #end
      // #each r GROUPS
      sum_$(l*ROW_BLOCKS*4+q*4+s)_$r = vec4f(
        // #each c 4
        fma(a3, b_$r[3][$c], fma(a2, b_$r[2][$c], fma(a1, b_$r[1][$c], fma(a0, b_$r[0][$c], sum_$(l*ROW_BLOCKS*4+q*4+s)_$r[$c])))),
        // #end
      );
      // #end
    }
    // #end
    // #end
    // #end
  }
  var sums: array<vec4f, ROWS * GROUPS>;
  // #each i 16*ROW_BLOCKS
  // #each r GROUPS
  sums[$(i*GROUPS+r)] = sum_$i_$r;
  // #end
  // #end
  keepAll(size, firstRow, group, &sums);
}
