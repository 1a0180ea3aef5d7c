/** Which GPU a command of the terminal's program may use: found out before it starts. */

/** Commands that compute with an engine of the person's choice, and the one they take where none is named. */
const usual = { train: 'any', generate: 'any', plan: 'any', serve: 'wasm' };

/** The last value of an option, `--name value` or `--name=value`; null where it is not there. */
function valueOf(args, name) {
  let value = null;
  for (const [index, argument] of args.entries()) {
    if (argument === `--${name}`) value = args[index + 1] ?? null;
    else if (argument.startsWith(`--${name}=`)) value = argument.slice(name.length + 3);
  }
  return value;
}

/**
 * What is wished of a GPU: `named` where WebGPU was asked for by name (one in software will do), `real` where the
 * program chooses (it takes WebAssembly where there is no GPU), `none` where it looks for none.
 * @param {readonly string[]} args The command and its options.
 * @returns {'named' | 'real' | 'none'}
 */
export function gpuWish(args) {
  const engine = valueOf(args, 'engine') ?? usual[args[0]] ?? 'wasm';
  const backend = valueOf(args, 'backend');
  if (engine === 'wasm' || backend === 'wasm' || backend === 'cpu') return 'none';
  return engine === 'wgsl' || backend === 'webgpu' ? 'named' : 'real';
}
