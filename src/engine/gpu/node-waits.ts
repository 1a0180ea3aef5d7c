/**
 * Waiting for a GPU in Node. While work is awaited, Dawn's binding looks for its end in every turn of the event loop
 * (dawn-gpu/node-webgpu#17). That takes a whole core, and a GPU in software computes with that core: here the binding
 * looks once a millisecond. Just after somebody began to wait it looks in every turn, so that a fast GPU answers as soon as
 * before.
 */

/** Waits that a GPU answers sooner are not slowed. */
const eagerMs = 1;
const restMs = 1;

type Look = (...given: unknown[]) => void;

/** What is changed: the global scope, and the classes that a wait begins with. */
export interface WaitingScope {
  setImmediate: typeof setImmediate;
  GPUBuffer: { prototype: Pick<GPUBuffer, 'mapAsync'> };
  GPUQueue: { prototype: Pick<GPUQueue, 'onSubmittedWorkDone'> };
}

/** Lets Dawn's binding rest between two looks. Once in a process, before a device is opened. */
export function restBetweenLooks(scope: WaitingScope): void {
  const immediately = scope.setImmediate;
  const later = setTimeout;
  let eagerUntilMs = 0;
  let resting: { look: Look; timer: ReturnType<typeof setTimeout> } | null = null;

  const beEager = () => {
    eagerUntilMs = performance.now() + eagerMs;
    if (resting === null) return;
    clearTimeout(resting.timer);
    immediately(resting.look);
    resting = null;
  };
  const setImmediate = (look: Look, ...given: unknown[]) => {
    if (!isOfABinding(look) || performance.now() < eagerUntilMs) return immediately(look, ...given);
    const timer = later(() => {
      resting = null;
      look();
    }, restMs);
    resting = { look, timer };
    return timer;
  };
  // Node's own has a promise's version of itself beside it.
  Object.defineProperties(setImmediate, Object.getOwnPropertyDescriptors(immediately));
  scope.setImmediate = setImmediate as unknown as typeof immediately;

  const { mapAsync } = scope.GPUBuffer.prototype;
  scope.GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, ...given) {
    beEager();
    return mapAsync.apply(this, given);
  };
  const { onSubmittedWorkDone } = scope.GPUQueue.prototype;
  scope.GPUQueue.prototype.onSubmittedWorkDone = function (this: GPUQueue) {
    beEager();
    return onSubmittedWorkDone.apply(this);
  };
}

/** Functions of a binding are native and have a `prototype`; what ends a promise, and what is bound, has none. */
function isOfABinding(look: Look): boolean {
  return (
    Object.hasOwn(look, 'prototype') && Function.prototype.toString.call(look).endsWith('{ [native code] }')
  );
}
