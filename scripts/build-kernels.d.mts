// Types of build-kernels.mjs. Its own imports would bring AssemblyScript's global types into the project's.
import type { Plugin } from 'vite';

export interface BuiltKernels {
  file: string;
  sizeBytes: number;
  gzippedBytes: number;
}

/** Compiles what is out of date. */
export function buildKernels(): Promise<BuiltKernels[]>;

/** The program for its own memory, with another text in the place of one source. @returns Its bytes. */
export function compileWith(file: string, text: string): Promise<Uint8Array>;

/** A module whose default export is these bytes as a `data:` URL. */
export function inlined(bytes: Uint8Array): string;

/** Changes whenever any of the sources does, or how they are compiled. */
export function kernelsVersion(): string;

/** The Vite plugin that keeps the kernels up to date and puts them into the program. */
export function kernels(): Plugin;
