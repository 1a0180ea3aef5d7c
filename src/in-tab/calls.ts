/** What the page and the worker of the model in this tab say to each other. */
import type { Outcome } from '../teacher/outcome.ts';
import type { Ask } from '../teacher/provider.ts';
import type { Device, Precision } from './model-folder.ts';

// A type, not an interface: it is a record of calls.
export type TabCalls = {
  /** Reads the model and makes it ready. Progress: bytes read so far. To be called first. */
  open: { request: Opening; result: Opened; progress: number };
  /** One after another. Progress is the answer so far. */
  ask: { request: Ask; result: Outcome; progress: string };
};

export interface Opening {
  /** By path below the model's folder. */
  files: ReadonlyMap<string, Blob>;
  precision: Precision;
  externalFiles: number;
  device: Device;
  contextTokens: number | null;
}

export interface Opened {
  /** It was tuned to converse: its tokenizer has a template for turns. */
  converses: boolean;
  threads: number;
}
