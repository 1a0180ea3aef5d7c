import type { Plugin } from 'vite';

export function demoBesideStudio(): Plugin;
