/**
 * Which kernels compute: plain SIMD, or relaxed SIMD, whose multiply-adds round once where the others round twice. The
 * name of the adapter says it, which is kept with every checkpoint: a run that is resumed takes the same.
 */

export const kernelVariants = ['plain', 'relaxed'] as const;
export type KernelVariant = (typeof kernelVariants)[number];

const names = {
  plain: 'WebAssembly SIMD',
  relaxed: 'WebAssembly relaxed SIMD',
} as const satisfies Record<KernelVariant, string>;

/** The adapter, as an engine describes it. */
export function adapterName(variant: KernelVariant, threads: number): string {
  return `${names[variant]}, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
}

/** The kernels by which a stamp was computed; null where it was another engine. */
export function variantOf({ engine, adapter }: { engine: string; adapter: string }): KernelVariant | null {
  if (engine !== 'wasm') return null;
  return adapter.startsWith(names.relaxed) ? 'relaxed' : 'plain';
}
