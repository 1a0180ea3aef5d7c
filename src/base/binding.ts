/** Floats of the largest matrix that every engine holds: WebGPU's default limit of 128 MiB for one binding. */
export const bindableFloats = 2 ** 25;
