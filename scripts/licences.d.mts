import type { Plugin } from 'vite';

export function licences(folders?: Set<string>): { collect: Plugin; write: Plugin };
