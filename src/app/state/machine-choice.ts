/** What a person can train on, by name, and what each name asks of the worker. */
import type { NewRun } from '../../worker/protocol.ts';

type EngineRequest = Pick<NewRun, 'engine' | 'backend'>;

const requests = {
  webgpu: { label: 'webgpu: the compiled plan on the GPU', request: { engine: 'wgsl', backend: 'webgpu' } },
  wasm: { label: 'wasm: the compiled plan on the CPU', request: { engine: 'wasm', backend: 'wasm' } },
  'tfjs-webgpu': {
    label: 'tfjs-webgpu: TensorFlow.js on the GPU, the reference',
    request: { engine: 'tfjs', backend: 'webgpu' },
  },
  'tfjs-wasm': {
    label: 'tfjs-wasm: TensorFlow.js on the CPU, the reference',
    request: { engine: 'tfjs', backend: 'wasm' },
  },
  cpu: { label: 'cpu: TensorFlow.js without WebAssembly, slow', request: { engine: 'tfjs', backend: 'cpu' } },
} as const satisfies Record<string, { label: string; request: EngineRequest }>;

export type MachineChoice = keyof typeof requests;

/** For a select; the empty value leaves the choice to the studio. */
export const machineOptions = [
  { value: '', label: 'the best there is' },
  ...Object.entries(requests).map(([value, { label }]) => ({ value, label })),
];

/** The choice of this name; null for any other text, which leaves it to the studio. */
export function parseMachineChoice(text: string | null): MachineChoice | null {
  return text !== null && Object.hasOwn(requests, text) ? (text as MachineChoice) : null;
}

export function engineRequest(choice: MachineChoice | null): EngineRequest {
  return choice === null ? { engine: null, backend: null } : requests[choice].request;
}
