/**
 * The one owner of an engine. Whoever wants to use it waits for a turn, in the order of asking; a turn can be cancelled
 * while it is waited for. A job that holds the engine for long (a training) gives way between two steps, and lends it
 * while it is paused. A second owner of an engine, and a turn that is used when it is not one's own, are thrown errors.
 */
import { EngineError, LostWeightsError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';

interface Waiting {
  /** Gives the engine to whoever waits. */
  begin: () => void;
  refuse: (error: EngineError) => void;
}

/**
 * The engine, for as long as a piece of work has its turn. After it, and while the engine is lent, all of it throws an
 * EngineError.
 */
export interface Turn {
  /** The engine; another one after it was replaced. */
  readonly engine: Engine;
  /**
   * Lets everybody who waits by now have a turn, and resolves when it is this one's again.
   * @throws LostWeightsError where the trained weights were lost meanwhile.
   */
  giveWay(): Promise<void>;
  /**
   * Lends the engine until a promise resolves, or the trained weights are lost.
   * @throws LostWeightsError as `giveWay`.
   */
  lend(until: Promise<void>): Promise<void>;
  /** Frees an engine that failed, before another one is opened. */
  discard(): void;
  /** Puts another engine in its place; what was lost with it is over. */
  replace(engine: Engine): void;
}

/** Engines that have an owner. */
const owned = new WeakSet<Engine>();

export class EngineOwner {
  #engine: Engine;
  #isDiscarded = false;
  #isTaken = false;
  #waiting: Waiting[] = [];
  /** The job that has lent the engine; it comes first where the weights were lost. */
  #lender: Waiting | null = null;
  #lost: LostWeightsError | null = null;
  #closed: EngineError | null = null;

  /**
   * @param engine From now on it is used in turns of this owner alone.
   * @throws EngineError where it has an owner already.
   */
  constructor(engine: Engine) {
    this.#engine = taken(engine);
  }

  /**
   * Does something with the engine when it is its turn. Where it ends with a LostWeightsError, the trained weights are
   * gone: nobody else has a turn until the job that has lent the engine has put another one in its place.
   * @param signal Gives up waiting. Work that has begun looks at it by itself.
   * @throws The signal's reason where it was aborted before the turn came; EngineError where the owner was closed, or
   * the weights were lost and no job recovers them.
   */
  async use<T>(work: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#take(signal);
    const held = { isOwn: true };
    try {
      if (this.#lost !== null) throw this.#lost;
      return await work(this.#turn(held));
    } catch (error) {
      if (error instanceof LostWeightsError) this.#lost = error;
      throw error;
    } finally {
      held.isOwn = false;
      this.#letGo();
    }
  }

  /** Ends the owner with its engine: whoever waits is refused with these words. */
  close(refusal: EngineError): void {
    this.#closed = refusal;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { refuse } of waiting) refuse(refusal);
    this.#discard();
  }

  #discard(): void {
    if (this.#isDiscarded) return;
    this.#isDiscarded = true;
    owned.delete(this.#engine);
    this.#engine.dispose();
  }

  /** @param held Whether the engine is this turn's at the moment. */
  #turn(held: { isOwn: boolean }): Turn {
    const check = (): void => {
      if (!held.isOwn) throw notOwn();
    };
    const engine = (): Engine => {
      check();
      return this.#engine;
    };
    const lend = async (until: Promise<void>): Promise<void> => {
      check();
      held.isOwn = false;
      try {
        await this.#lend(until);
      } finally {
        held.isOwn = true;
      }
    };
    return {
      get engine() {
        return engine();
      },
      giveWay: async () => {
        check();
        if (this.#waiting.length > 0) await lend(Promise.resolve());
      },
      lend,
      discard: () => {
        check();
        this.#discard();
      },
      replace: (replacement) => {
        check();
        this.#engine = taken(replacement);
        this.#isDiscarded = false;
        this.#lost = null;
      },
    };
  }

  async #lend(until: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      const comeBack = (): void => {
        this.#lender = null;
        this.#waiting = this.#waiting.filter((other) => other !== lender);
        resolve();
      };
      const lender: Waiting = { begin: comeBack, refuse: comeBack };
      this.#lender = lender;
      this.#letGo();
      void until.then(() => {
        if (this.#lender !== lender) return; // Called back before, since the weights were lost.
        if (this.#isTaken) this.#waiting.push(lender);
        else {
          this.#isTaken = true;
          comeBack();
        }
      });
    });
    if (this.#lost !== null) throw this.#lost;
  }

  async #take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed !== null) throw this.#closed;
    if (!this.#isTaken) {
      this.#isTaken = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal?.reason as Error);
      };
      const settled = (): void => signal?.removeEventListener('abort', giveUp);
      const waiting: Waiting = {
        begin: () => {
          settled();
          resolve();
        },
        refuse: (error) => {
          settled();
          reject(error);
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #letGo(): void {
    const next = this.#lost !== null && this.#lender !== null ? this.#lender : this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next.begin();
  }
}

/** Marks an engine as owned. @throws EngineError where it is already. */
function taken(engine: Engine): Engine {
  if (owned.has(engine)) {
    throw new EngineError('This engine has an owner already.', 'Ask its owner for a turn.');
  }
  owned.add(engine);
  return engine;
}

function notOwn(): EngineError {
  return new EngineError(
    'The engine was used outside of a turn.',
    'Reload the page and resume from the last checkpoint. Please report it.',
  );
}
