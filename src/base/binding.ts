/** Floats of the largest buffer that every device binds: below WebGPU's default limit of 128 MiB for one binding. */
export const bindableFloats = 2 ** 25 - 64;
