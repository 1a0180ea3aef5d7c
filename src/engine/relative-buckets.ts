/**
 * T5's buckets of relative positions. Source: Hugging Face, modeling_t5.py, `_relative_position_bucket`; there the
 * wide buckets come from a logarithm in single precision, which a backend may have a little off, so that positions at
 * the edges jump. Here the edges are found with integers: bucket e + k begins at the least distance d with
 * (d/e)^n ≥ (m/e)^k, where e distances have their own buckets, n buckets are wide and m is the largest distance.
 */

export interface BucketOptions {
  /** True in the encoder, where keys after the query have the upper half of the buckets; false in the decoder. */
  bidirectional: boolean;
  numBuckets: number;
  maxDistance: number;
}

function reaches(distance: number, exact: number, wide: number, maxDistance: number, step: number): boolean {
  const [d, e, m, n, k] = [distance, exact, maxDistance, wide, step].map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return d ** n * e ** k >= m ** k * e ** n;
}

/** The least distance of each wide bucket, in order; the first is `exact` itself. */
export function wideBucketEdges(exact: number, wide: number, maxDistance: number): number[] {
  const edges: number[] = [];
  let distance = exact;
  for (let step = 0; step < wide; step += 1) {
    while (distance < maxDistance && !reaches(distance, exact, wide, maxDistance, step)) distance += 1;
    edges.push(distance);
  }
  return edges;
}

/**
 * The bucket of each relative position key - query, from -(length - 1) to length - 1.
 * @returns Int32Array of 2·length - 1 buckets.
 */
export function relativeBuckets(length: number, options: BucketOptions): Int32Array {
  const half = options.bidirectional ? options.numBuckets / 2 : options.numBuckets;
  const exact = Math.floor(half / 2);
  const edges = wideBucketEdges(exact, half - exact, options.maxDistance);
  const buckets = new Int32Array(2 * length - 1);
  for (let position = 0; position < buckets.length; position += 1) {
    const relative = position - (length - 1);
    const after = options.bidirectional && relative > 0 ? half : 0;
    const distance = options.bidirectional ? Math.abs(relative) : Math.max(0, -relative);
    let bucket = distance;
    if (distance >= exact) {
      bucket = exact;
      while (bucket + 1 < half && distance >= edges[bucket + 1 - exact]!) bucket += 1;
    }
    buckets[position] = after + bucket;
  }
  return buckets;
}
