/** Who answers: a frame that reaches one address, with the key in its memory, or a model in this tab. */
import { InputError } from '../../base/errors.ts';
import type { Setup } from '../../desk/setup.ts';
import { openFrame, type ClosedFrame } from '../../frames/closed-frame.ts';
import type { DeskCalls } from '../../frames/desk.ts';
import { originToReach } from '../../frames/reach.ts';
import type { Device, ModelFolder, Precision } from '../../in-tab/model-folder.ts';
import { openTabModel, type TabModel } from '../../in-tab/tab-model.ts';
import type { Outcome } from '../../teacher/outcome.ts';
import type { Ask } from '../../teacher/provider.ts';
import { checkEndpoint } from '../../teacher/transport.ts';

export interface Asker {
  /** @param hear Told the answer so far. */
  ask: (ask: Ask, signal: AbortSignal, hear: (text: string) => void) => Promise<Outcome>;
  /** Names of models, where the server lists them. */
  models: (signal: AbortSignal) => Promise<string[]>;
  hasKey: boolean;
}

/** The page that knew the teacher's key is gone, and the key with it. */
export class LostKeyError extends InputError {
  constructor() {
    super(
      'This teacher had a key, and the key went with the page that knew it.',
      'Give the key again, or ask without one by pressing the button once more.',
    );
  }
}

export class Connection {
  #frame: { frame: ClosedFrame<DeskCalls>; place: string; asker: Asker } | null = null;
  #tab: TabModel | null = null;

  /**
   * The teacher of a setup. A new key, or another address, takes a new frame.
   * @param key What was typed; empty for none, or the one that is held.
   * @throws LostKeyError; InputError for an address that is none, or where no model was opened.
   */
  async open(setup: Setup, key: string): Promise<Asker> {
    if (setup.where === 'tab') return this.#tabAsker();
    const place = placeOf(setup);
    if (this.#frame !== null && this.#frame.place === place && key === '') return this.#frame.asker;
    if (key === '' && setup.hadKey && this.#frame === null) throw new LostKeyError();
    this.closeFrame();
    const endpoint = checkEndpoint(setup.endpoint);
    const frame = await openFrame<DeskCalls>('desk.html', [originToReach(endpoint)]);
    try {
      const { api, idleSeconds } = setup;
      await frame.call('open', {
        endpoint: endpoint.href,
        api,
        idleMs: idleSeconds * 1000,
        key: key === '' ? null : key,
      });
    } catch (error) {
      frame.close();
      throw error;
    }
    const asker: Asker = {
      ask: (ask, signal, hear) => frame.call('ask', ask, { signal, onProgress: hear }),
      models: (signal) => frame.call('models', null, { signal }),
      hasKey: key !== '',
    };
    this.#frame = { frame, place, asker };
    return asker;
  }

  /** Whether a setup's frame is open here, with its key where it has one. */
  holds(setup: Setup): boolean {
    return this.#frame?.place === placeOf(setup);
  }

  closeFrame(): void {
    this.#frame?.frame.close();
    this.#frame = null;
  }

  /** Opens a model in this tab, in place of one that was open. @throws FrameError, EngineError */
  async openTab(
    folder: ModelFolder,
    device: Device,
    wish: Precision | null,
    progress: (readBytes: number) => void,
  ): Promise<TabModel> {
    this.closeTab();
    this.#tab = await openTabModel(folder, device, wish, progress);
    return this.#tab;
  }

  closeTab(): void {
    this.#tab?.close();
    this.#tab = null;
  }

  #tabAsker(): Asker {
    const tab = this.#tab;
    if (tab === null) throw new InputError('No model is open in this tab.', 'Choose its folder first.');
    return {
      ask: (ask, signal, hear) => tab.call('ask', ask, { signal, onProgress: hear }),
      models: () => Promise.resolve([]),
      hasKey: false,
    };
  }
}

/** The one of the teacher's station: its frame has the key that was given there. */
export const teacherConnection = new Connection();

/** What a frame was opened for. */
export function placeOf({ where, endpoint, api, idleSeconds }: Setup): string {
  return JSON.stringify([where === 'tab', endpoint, api, idleSeconds]);
}
