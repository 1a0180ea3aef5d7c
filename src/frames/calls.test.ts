import { afterEach, expect, it } from 'vitest';
import { EngineError, InputError } from '../base/errors.ts';
import { answerCalls, Caller, FrameError, type Handlers } from './calls.ts';

// A type, not an interface: it is a record of calls.
type TestCalls = {
  double: { request: number; result: number; progress: string };
  wait: { request: null; result: never; progress: never };
  refuse: { request: null; result: never; progress: never };
};

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function openPair(handlers: Partial<Handlers<TestCalls>>): Caller<TestCalls> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  answerCalls(port2, handlers as Handlers<TestCalls>);
  return new Caller<TestCalls>(port1);
}

it('answers calls, several at once, with what happens on the way', async () => {
  const caller = openPair({
    double: async (value, { progress }) => {
      progress(`doubling ${value}`);
      return Promise.resolve(2 * value);
    },
  });
  const heard: string[] = [];
  const onProgress = (words: string) => heard.push(words);
  expect(await Promise.all([caller.call('double', 1, { onProgress }), caller.call('double', 2)])).toEqual([
    2, 4,
  ]);
  expect(heard).toEqual(['doubling 1']);
});

it('tells an error in its own words, and one that the frame does not know', async () => {
  const caller = openPair({
    refuse: () => Promise.reject(new InputError('It is wrong.', 'Mend it.')),
  });
  const error = await caller.call('refuse', null).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(FrameError);
  expect(error).toMatchObject({ name: 'InputError', message: 'It is wrong. Mend it.' });
  await expect(caller.call('double', 1)).rejects.toBeInstanceOf(FrameError);
});

it('an aborted call ends at once, and in the frame too', async () => {
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  const caller = openPair({
    wait: (_, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          tell();
          reject(new Error('ended'));
        }),
      ),
  });
  const controller = new AbortController();
  const waiting = caller.call('wait', null, { signal: controller.signal });
  controller.abort(new Error('mine'));
  await expect(waiting).rejects.toThrow('mine');
  await told;
  await expect(caller.call('wait', null, { signal: controller.signal })).rejects.toThrow('mine');
});

it('what is waited for fails when the port is closed', async () => {
  const caller = openPair({ wait: () => new Promise(() => undefined) });
  const waiting = caller.call('wait', null);
  caller.close();
  await expect(waiting).rejects.toBeInstanceOf(EngineError);
  await expect(caller.call('wait', null)).rejects.toBeInstanceOf(EngineError);
});
