// For adapters whose loads are expensive (software): the four lanes of a quad load other rows of A, exchange them, and have
// other columns of B. A quad has 16 · ROW_BLOCKS rows by 4 · GROUPS fours of columns; a workgroup is as many quads as fill a
// subgroup: QUADS_X beside each other, QUADS_Y below.
// A lane takes its own rows, then those of the lanes whose numbers differ by 1, 2 and 3: an exchange is one instruction on
// SwiftShader, a value for all lanes of a quad some thirty.
// The smaller tiles are small on purpose: SwiftShader writes code of 30 bytes for each product and of 650 for each load, and a
// loop longer than the processor's first cache of instructions takes half as long again (docs/performance.md).
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) invocation: u32,
) {
  let size = sizes();
  let lane = invocation & 3u;
  let quad = thread / 4u;
  let firstRow = (id.y * QUADS_Y + quad / QUADS_X) * 16u * ROW_BLOCKS;
  let group = ((id.x * QUADS_X + quad % QUADS_X) * 4u + lane) * GROUPS;
  let ownRow = firstRow + lane * 4u * ROW_BLOCKS;
  // By lane and row, group and column. Lanes are numbered from this one: 0 is itself, l the one whose number differs by l.
  // #each i 16*ROW_BLOCKS
  // #each r GROUPS
  // #each c 4
  var sum_$i_$r_$c = 0.0;
  // #end
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
    // #each q ROW_BLOCKS
    // #each k 4
    let rows_0_$q_$k = a_$q[$k];
    let rows_1_$q_$k = quadSwapX(a_$q[$k]);
    let rows_2_$q_$k = quadSwapY(a_$q[$k]);
    let rows_3_$q_$k = quadSwapDiagonal(a_$q[$k]);
    // #end
    // #end
    // Four products at once for each sum, float by float, and a column of B for all rows: what comes between two of them
    // stays at hand. SwiftShader has few registers, and stores every value that is not needed at once.
    // #each r GROUPS
    // #each c 4
    // #each l 4
    // #each q ROW_BLOCKS
    // #each s 4
    sum_$(l*ROW_BLOCKS*4+q*4+s)_$r_$c = fma(b_$r[3][$c], rows_$l_$q_3[$s],
      fma(b_$r[2][$c], rows_$l_$q_2[$s],
        fma(b_$r[1][$c], rows_$l_$q_1[$s],
          fma(b_$r[0][$c], rows_$l_$q_0[$s], sum_$(l*ROW_BLOCKS*4+q*4+s)_$r_$c))));
    // #end
    // #end
    // #end
    // #end
    // #end
  }
  var sums: array<vec4f, ROWS * GROUPS>;
  // #each i 16*ROW_BLOCKS
  // #each r GROUPS
  sums[$(i*GROUPS+r)] = vec4f(sum_$i_$r_0, sum_$i_$r_1, sum_$i_$r_2, sum_$i_$r_3);
  // #end
  // #end
  keepAll(size, firstRow, lane * 4u * ROW_BLOCKS, group, &sums);
}
