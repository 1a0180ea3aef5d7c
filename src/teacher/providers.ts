/** The interfaces that a teacher can have, by name. */
import type { Provider } from './provider.ts';
import { anthropic } from './providers/anthropic.ts';
import { google } from './providers/google.ts';
import { ollama } from './providers/ollama.ts';
import { chat, completions } from './providers/openai.ts';

export const providers = { chat, completions, anthropic, google, ollama } as const satisfies Record<
  string,
  Provider
>;
export type Api = keyof typeof providers;
export const apis = Object.keys(providers) as Api[];
