import type { Plugin } from 'vite';

export function serviceWorkerOf(folder: string): string;
export function offline(): Plugin;
