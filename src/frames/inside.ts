/**
 * The frame's end. A frame has its own policy, in which it may reach any address, and narrows it to the named ones
 * before it answers anything: policies only ever add up, so that nothing in the frame can widen it again.
 */
import { answerCalls, type Calls, type Handlers } from './calls.ts';
import { frameReady, isCloseFrame } from './handshake.ts';
import { reachOnly } from './reach.ts';

/** To be called once, by the frame's entry. */
export function beFrame<Of extends Calls>(handlers: Handlers<Of>): void {
  if (parent === self) return;
  const listen = (event: MessageEvent<unknown>): void => {
    const [port] = event.ports;
    if (event.source !== parent || event.origin !== location.origin) return;
    if (!isCloseFrame(event.data) || port === undefined) return;
    removeEventListener('message', listen);
    const policy = document.createElement('meta');
    policy.httpEquiv = 'Content-Security-Policy';
    policy.content = reachOnly(event.data.reach);
    document.head.append(policy);
    answerCalls(port, handlers);
  };
  addEventListener('message', listen);
  parent.postMessage(frameReady, location.origin);
}
