/** What every worker of the studio does with a command: hand it to its handler, and post what comes back. */
import type { Watch } from '../distill/ports.ts';
import type { CommandOf, CommandType, PageMessage, Results } from './protocol.ts';
import type { Wire } from './wire.ts';

export type Handlers<Types extends CommandType> = {
  [Type in Types]: (command: CommandOf<Type>, watch: Watch) => Results[Type] | Promise<Results[Type]>;
};

/** Answers what the page asks this worker for, until the worker ends. Commands run beside each other. */
export function answerCommands<Types extends CommandType>(wire: Wire, handlers: Handlers<Types>): void {
  /** What is under way, by the number of its request. */
  const underWay = new Map<number, AbortController>();

  const perform = async ({ id, command }: PageMessage & { type: 'command' }): Promise<void> => {
    const cancel = new AbortController();
    underWay.set(id, cancel);
    // The table pairs each command with its handler; TypeScript cannot follow that through an index.
    const handle = handlers[command.type as Types] as (
      command: unknown,
      watch: Watch,
    ) => Results[CommandType] | Promise<Results[CommandType]>;
    try {
      wire.result(id, await handle(command, { report: wire.progressOf(id), signal: cancel.signal }));
    } catch (error) {
      if (isAbort(error)) wire.cancelled(id);
      else wire.failed(id, error);
    } finally {
      underWay.delete(id);
    }
  };

  self.onmessage = ({ data: message }: MessageEvent<PageMessage>) => {
    switch (message.type) {
      case 'cancel':
        underWay.get(message.id)?.abort();
        return;
      case 'command':
        void perform(message);
        return;
      default:
        message satisfies never;
    }
  };
}

/** Cancelled, by the page or by what came in between. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
