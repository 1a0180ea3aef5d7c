import type { Plugin } from 'vite';

export const frames: Readonly<
  Record<string, { readonly reached: readonly string[]; readonly scripts: readonly string[] }>
>;
export function securityHeaders(options: {
  development: boolean;
  page?: string | null;
}): Record<string, string>;
export function frameHeaders(): Record<string, Record<string, string>>;
export function hostHeaders(): string;
export function headersOfServer(): Plugin;
export function policyInPage(): Plugin;
