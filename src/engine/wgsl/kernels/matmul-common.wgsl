// Matrix products: how operands are read and results are kept. The kernels (staged, direct, quad) differ only in how
// they share loads. The unit is a block of four rows of k by four rows of A or four columns of B, as a mat4x4f with k
// in its columns. Every element is one sum of fused multiply-adds over k ascending, so that all kernels give the same
// bits. `group` counts fours of columns; with a gate, groups of both halves of B take turns.

// #if VECTOR
alias Value = vec4f;
// #else
alias Value = f32;
// #end

// Sizes of this run, looked up once: nothing in the loop over k may look anything up again.
struct Sizes {
  m: u32,
  n: u32,
  k: u32,
  // Row strides.
  a: u32,
  b: u32,
  c: u32,
}

fn sizes() -> Sizes {
  let k = extent(params.k);
  return Sizes(extent(params.m), params.n, k, extent(params.strideA), extent(params.strideB), params.strideC);
}

// #if GATE
fn groupCount(n: u32) -> u32 { return 2u * ((n / 2u + 3u) / 4u); }
fn columnOf(group: u32, n: u32) -> u32 { return (group & 1u) * (n / 2u) + 4u * (group >> 1u); }
// #else
fn groupCount(n: u32) -> u32 { return (n + 3u) / 4u; }
fn columnOf(group: u32, n: u32) -> u32 { return 4u * group; }
// #end

// Where the four rows of a block begin, or (where k comes first) its place in a row of k, the length of such a row, and
// the last of them. Rows beyond M and columns beyond N are read from the last ones: what they make is not kept.
// #if VECTOR
// Four values of B: floats, or 16-bit floats in two words.
fn fourOfB(at: u32) -> vec4f {
  // #if HALF
  let words = b[at];
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
  // #else
  return b[at];
  // #end
}

fn originA(row: u32, size: Sizes) -> vec4u {
  // #if TN
  return vec4u((params.a + min(row, size.m - 4u)) / 4u, size.a / 4u, size.k - 1u, 0u);
  // #else
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(size.m - 1u));
  return (vec4u(params.a) + rows * size.a) / 4u;
  // #end
}

fn originB(group: u32, size: Sizes) -> vec4u {
  let column = min(columnOf(group, size.n), size.n - 4u);
  // #if NT
  return (vec4u(params.b) + (vec4u(column) + vec4u(0u, 1u, 2u, 3u)) * size.b) / 4u;
  // #else
  return vec4u((params.b + column) / 4u, size.b / 4u, size.k - 1u, 0u);
  // #end
}

fn blockA(origin: vec4u, k0: u32) -> mat4x4f {
  // #if TN
  // Rows of k beyond the count may hold anything: the last one is read instead, as zero.
  let last = origin.z;
  return mat4x4f(
    a[origin.x + k0 * origin.y],
    select(vec4f(), a[origin.x + min(k0 + 1u, last) * origin.y], k0 + 1u <= last),
    select(vec4f(), a[origin.x + min(k0 + 2u, last) * origin.y], k0 + 2u <= last),
    select(vec4f(), a[origin.x + min(k0 + 3u, last) * origin.y], k0 + 3u <= last),
  );
  // #else
  let at = k0 / 4u;
  return transpose(mat4x4f(a[origin.x + at], a[origin.y + at], a[origin.z + at], a[origin.w + at]));
  // #end
}

fn blockB(origin: vec4u, k0: u32) -> mat4x4f {
  // #if NT
  let at = k0 / 4u;
  return transpose(mat4x4f(fourOfB(origin.x + at), fourOfB(origin.y + at), fourOfB(origin.z + at), fourOfB(origin.w + at)));
  // #else
  // #if TN
  let last = origin.z;
  return mat4x4f(
    fourOfB(origin.x + k0 * origin.y),
    fourOfB(origin.x + min(k0 + 1u, last) * origin.y),
    fourOfB(origin.x + min(k0 + 2u, last) * origin.y),
    fourOfB(origin.x + min(k0 + 3u, last) * origin.y),
  );
  // #else
  let first = origin.x + k0 * origin.y;
  return mat4x4f(fourOfB(first), fourOfB(first + origin.y), fourOfB(first + 2u * origin.y), fourOfB(first + 3u * origin.y));
  // #end
  // #end
}
// #else
fn oneOfB(at: u32) -> f32 {
  // #if HALF
  return unpack2x16float(b[at / 2u])[at & 1u];
  // #else
  return b[at];
  // #end
}

fn originA(row: u32, size: Sizes) -> vec4u {
  return vec4u(row, size.m, size.k, size.a);
}

fn originB(group: u32, size: Sizes) -> vec4u {
  return vec4u(columnOf(group, size.n), size.n, size.k, size.b);
}

fn blockA(origin: vec4u, k0: u32) -> mat4x4f {
  var found = mat4x4f();
  for (var item = 0u; item < 16u; item += 1u) {
    let k = k0 + item / 4u;
    let row = min(origin.x + item % 4u, origin.y - 1u);
    if (k < origin.z) {
      // #if TN
      found[item / 4u][item % 4u] = a[params.a + k * origin.w + row];
      // #else
      found[item / 4u][item % 4u] = a[params.a + row * origin.w + k];
      // #end
    }
  }
  return found;
}

fn blockB(origin: vec4u, k0: u32) -> mat4x4f {
  var found = mat4x4f();
  for (var item = 0u; item < 16u; item += 1u) {
    let k = k0 + item / 4u;
    let column = min(origin.x + item % 4u, origin.y - 1u);
    if (k < origin.z) {
      // #if NT
      found[item / 4u][item % 4u] = oneOfB(params.b + column * origin.w + k);
      // #else
      found[item / 4u][item % 4u] = oneOfB(params.b + k * origin.w + column);
      // #end
    }
  }
  return found;
}
// #end

// #if SILU
fn share(x: Value) -> Value {
  // Some drivers overflow on the way to exp(-x) of less than -88; at -80 it is 1e-35 already.
  return 1.0 / (1.0 + exp(min(-x, Value(80.0))));
}

fn gate(x: Value) -> Value {
  return x * share(x);
}

fn gateSlope(x: Value) -> Value {
  let s = share(x);
  return s + x * s * (1.0 - s);
}
// #else
fn gate(x: Value) -> Value {
  // tanh of more than 10 is 1 in single precision; some drivers overflow on the way there.
  let inner = clamp(0.7978845608028654 * (x + 0.044715 * x * x * x), Value(-10.0), Value(10.0));
  return 0.5 * x * (1.0 + tanh(inner));
}

fn gateSlope(x: Value) -> Value {
  let inner = clamp(0.7978845608028654 * (x + 0.044715 * x * x * x), Value(-10.0), Value(10.0));
  let t = tanh(inner);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608028654 * (1.0 + 3.0 * 0.044715 * x * x);
}
// #end

// Number of a value in an array of values.
fn placeOf(float: u32) -> u32 {
  // #if VECTOR
  return float / 4u;
  // #else
  return float;
  // #end
}

// #if GATE
fn keepGated(size: Sizes, row: u32, column: u32, one: Value, other: Value, factor: Value) {
  let width = size.n / 2u;
  let at = placeOf(params.hidden + row * size.n + column);
  // #if ADDS
  let first = one + hidden[at];
  let second = other + hidden[at + placeOf(width)];
  // #else
  let first = one;
  let second = other;
  // #end
  hidden[at] = first;
  hidden[at + placeOf(width)] = second;
  c[placeOf(params.c + row * width + column)] = gate(first) * second * factor;
}

// Keeps a pair of groups (even, and the one after it) of a row.
fn keepPair(size: Sizes, row: u32, group: u32, first: vec4f, second: vec4f) {
  let column = 4u * (group >> 1u);
  if (row >= size.m || column >= size.n / 2u) {
    return;
  }
  let factors = dropFactors(params.site, params.stack, row, column / 4u);
  // #if VECTOR
  keepGated(size, row, column, first * params.scale, second * params.scale, factors);
  // #else
  for (var lane = 0u; lane < 4u; lane += 1u) {
    if (column + lane < size.n / 2u) {
      keepGated(size, row, column + lane, first[lane] * params.scale, second[lane] * params.scale, factors[lane]);
    }
  }
  // #end
}
// #else
fn keepValue(size: Sizes, row: u32, column: u32, product: Value, factor: Value) {
  // #if NONE
  let at = placeOf(params.c + row * size.c + column);
  let value = product;
  // #if ADDS
  if (accumulates(params.accumulate)) {
    c[at] = c[at] + value;
  } else {
    c[at] = value;
  }
  // #else
  c[at] = value;
  // #end
  // #else
  let at = placeOf(params.c + row * size.n + column);
  // #if ADDS
  // #if GATE_BACKWARD
  let value = product + activation[placeOf(params.activation + row * size.n + column)];
  // #else
  let value = product + c[at];
  // #end
  // #else
  let value = product;
  // #end
  // #end
  // #if RESIDUAL
  c[at] = residual[placeOf(params.residual + row * size.n + column)] + value * factor;
  // #end
  // #if RELU
  c[at] = max(value, Value()) * factor;
  // #end
  // #if RELU_BACKWARD
  // What was dropped is 0 in the activation; what was kept passed the same factor.
  let kept = activation[placeOf(params.activation + row * size.n + column)];
  // #if DROPOUT
  c[at] = select(Value(), value * runFloat(KEEP_SCALE_WORD), kept > Value());
  // #else
  c[at] = select(Value(), value, kept > Value());
  // #end
  // #end
  // #if GATE_BACKWARD
  let place = placeOf(params.c + row * 2u * size.n + column);
  let first = c[place];
  let second = c[place + placeOf(size.n)];
  let slope = value * factor;
  let gated = gate(first);
  c[place] = slope * second * gateSlope(first);
  c[place + placeOf(size.n)] = slope * gated;
  activation[placeOf(params.activation + row * size.n + column)] = gated * second * factor;
  // #end
}

// Keeps one group of a row.
fn keep(size: Sizes, row: u32, group: u32, product: vec4f) {
  let column = 4u * group;
  if (row >= size.m || column >= size.n) {
    return;
  }
  let factors = dropFactors(params.site, params.stack, row, group);
  // #if VECTOR
  keepValue(size, row, column, product * params.scale, factors);
  // #else
  for (var lane = 0u; lane < 4u; lane += 1u) {
    if (column + lane < size.n) {
      keepValue(size, row, column + lane, product[lane] * params.scale, factors[lane]);
    }
  }
  // #end
}
// #end

// #if ROWS
// Keeps ROWS rows by GROUPS groups. The row of sum i is firstRow + (i ^ turn), as lanes of a quad
// begin with their own: for that a lane has a power of two of rows.
fn keepAll(size: Sizes, firstRow: u32, turn: u32, group: u32, sums: ptr<function, array<vec4f, ROWS * GROUPS>>) {
  for (var i = 0u; i < ROWS; i += 1u) {
    let row = firstRow + (i ^ turn);
    // #if GATE
    for (var r = 0u; r < GROUPS; r += 2u) {
      keepPair(size, row, group + r, (*sums)[i * GROUPS + r], (*sums)[i * GROUPS + r + 1u]);
    }
    // #else
    for (var r = 0u; r < GROUPS; r += 1u) {
      keep(size, row, group + r, (*sums)[i * GROUPS + r]);
    }
    // #end
  }
}
// #end
