export function gpuWish(args: readonly string[]): 'named' | 'real' | 'none';
