// What every kernel sees: the numbers of this run (see ../run-block.ts), and dropout by counter (../../dropout.ts).

struct Run {
  words: array<vec4u, 7>,
}
@group(1) @binding(0) var<uniform> run: Run;

fn runWord(index: u32) -> u32 {
  return run.words[index >> 2u][index & 3u];
}

fn runFloat(index: u32) -> f32 {
  return bitcast<f32>(runWord(index));
}

// A dimension: fixed, or (with the highest bit set) the number of a count of this run. Without a branch, which software
// adapters pay dearly for.
fn extent(size: u32) -> u32 {
  return select(size, runWord(size & 15u), size >= 0x80000000u);
}

// 0 never, 1 always, 2 on later passes of a step.
fn accumulates(mode: u32) -> bool {
  return mode == 1u || (mode == 2u && runWord(ACCUMULATE_WORD) != 0u);
}

// Number of a workgroup whose grid was folded because one dimension holds 65,535 at most.
fn linear(id: vec3u) -> u32 {
  return id.y * 65535u + id.x;
}

// By bits: implementations may assume that there are no infinities and NaNs.
fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

// #if DROPOUT
fn pcg4d(counters: vec4u) -> vec4u {
  var v = counters * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

// The bits of columns 4 · quad … 4 · quad + 3 of a packed row.
fn dropBits(site: u32, stack: u32, row: u32, quad: u32) -> vec4u {
  let key = vec4u(runWord(KEY_WORD), runWord(KEY_WORD + 1u), runWord(KEY_WORD + 2u), runWord(KEY_WORD + 3u));
  let first = runWord(FIRST_ROW_WORD + stack);
  return pcg4d(vec4u((row + first) ^ key.x, quad ^ key.y, site ^ key.z, key.w));
}

// Their factors, 0 or 1 / (1 - rate).
fn dropFactors(site: u32, stack: u32, row: u32, quad: u32) -> vec4f {
  let keeps = dropBits(site, stack, row, quad) >= vec4u(runWord(THRESHOLD_WORD));
  return select(vec4f(), vec4f(runFloat(KEEP_SCALE_WORD)), keeps);
}
// #else
fn dropFactors(site: u32, stack: u32, row: u32, quad: u32) -> vec4f {
  return vec4f(1.0);
}
// #end
