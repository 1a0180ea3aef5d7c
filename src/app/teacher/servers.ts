/** Servers that people run themselves, and what lets a page in. */
import type { Api } from '../../teacher/providers.ts';

export interface LocalServer {
  name: string;
  api: Api;
  endpoint: string;
  /** The command that starts it so that this page may ask it. @param origin The studio's. */
  command: (origin: string) => string;
}

export const localServers: readonly LocalServer[] = [
  {
    name: 'llama.cpp',
    api: 'chat',
    endpoint: 'http://127.0.0.1:8080/v1',
    command: () => 'llama-server -m model.gguf --port 8080',
  },
  {
    name: 'Ollama',
    api: 'ollama',
    endpoint: 'http://127.0.0.1:11434',
    command: (origin) => `OLLAMA_ORIGINS=${origin} ollama serve`,
  },
  {
    name: 'LM Studio',
    api: 'chat',
    endpoint: 'http://127.0.0.1:1234/v1',
    command: () => 'lms server start --cors',
  },
  {
    name: 'vLLM',
    api: 'chat',
    endpoint: 'http://127.0.0.1:8000/v1',
    command: (origin) => `vllm serve MODEL --allowed-origins '["${origin}"]'`,
  },
];

/** The usual address of each interface where it is hosted. */
export const hostedEndpoints: Readonly<Record<Api, string>> = {
  chat: 'https://api.openai.com/v1',
  completions: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
  ollama: 'https://ollama.com',
};

/** What a teacher is called beside others: two interfaces may know a model by the same name. */
export function teacherName(teacherId: string): string {
  const [api, ...model] = teacherId.split(' ');
  return `${model.join(' ')} (${apiNames[api as Api]})`;
}

export const apiNames: Readonly<Record<Api, string>> = {
  chat: 'OpenAI, chat',
  completions: 'OpenAI, completions',
  anthropic: 'Anthropic',
  google: 'Google',
  ollama: 'Ollama',
};
