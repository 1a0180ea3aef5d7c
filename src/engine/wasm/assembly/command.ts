// How a kernel reads what it was told: a command is a record of 64 words, the run block one of 32 (see ../commands.ts,
// which writes both). Globals here belong to one thread: each has its own instance.

/** A word of a command. */
// @ts-ignore: decorator
@inline
export function word(command: usize, index: i32): i32 {
  return load<i32>(command + (<usize>index << 2));
}

/** A word of a command that is an address. */
// @ts-ignore: decorator
@inline
export function address(command: usize, index: i32): usize {
  return <usize>load<u32>(command + (<usize>index << 2));
}

/** A word of a command that is a float. */
// @ts-ignore: decorator
@inline
export function real(command: usize, index: i32): f32 {
  return load<f32>(command + (<usize>index << 2));
}

// Words of the run block.
const accumulateWord = 9;
const firstRowWord = 10; // encoder, decoder
const dropoutWord = 12; // on, threshold, kept, four key words
const positionWord = 19;
const maxGradNormWord = 20;
const adamWord = 22; // decay, stepSize, rootCorrection
const scratchWord = 25; // of the first thread, bytes of each
const adafactorWord = 27; // keep, grow, learning rate, weight decay

let runBlock: usize = 0;

/** Which share of each operation this thread computes. */
export let part: i32 = 0;
export let parts: i32 = 1;
/** Memory of this thread's own, for packed panels and the like. */
export let scratch: usize = 0;
/** Whether anything is dropped in this run, and how; see random.ts. */
export let dropThreshold: i32 = 0;
export let dropKept: f32 = 1;
export let dropKey0: i32 = 0;
export let dropKey1: i32 = 0;
export let dropKey2: i32 = 0;
export let dropKey3: i32 = 0;
let dropping: bool = false;

export function setShare(newPart: i32, newParts: i32): void {
  part = newPart;
  parts = newParts;
}

export function loadRun(block: usize): void {
  runBlock = block;
  scratch = address(block, scratchWord) + <usize>part * address(block, scratchWord + 1);
  dropping = word(block, dropoutWord) !== 0;
  dropThreshold = word(block, dropoutWord + 1);
  dropKept = real(block, dropoutWord + 2);
  dropKey0 = word(block, dropoutWord + 3);
  dropKey1 = word(block, dropoutWord + 4);
  dropKey2 = word(block, dropoutWord + 5);
  dropKey3 = word(block, dropoutWord + 6);
}

/** A dimension: itself, or, where negative, the count of that number (-1 is the first). */
export function extent(value: i32): i32 {
  return value >= 0 ? value : word(runBlock, -1 - value);
}

/** 0 never, 1 always, 2 in later passes. */
export function adds(accumulate: i32): bool {
  return accumulate === 1 || (accumulate === 2 && word(runBlock, accumulateWord) !== 0);
}

/** Takes another rate's threshold and factor, until the next run is loaded or they are put back. */
export function setDropout(threshold: i32, kept: f32): void {
  dropThreshold = threshold;
  dropKept = kept;
}

/** Whether a place drops: `stack` is -1 in plans without dropout. */
export function drops(stack: i32): bool {
  return stack >= 0 && dropping;
}

/** Number that is added to a row of this stack in the dropout counters. */
export function firstRow(stack: i32): i32 {
  return stack < 0 ? 0 : word(runBlock, firstRowWord + stack);
}

export function position(): i32 {
  return word(runBlock, positionWord);
}

export function maxGradNorm(): f64 {
  return load<f64>(runBlock + (maxGradNormWord << 2));
}

/** 0 decay, 1 step size, 2 root of the bias correction. */
export function adamValue(index: i32): f32 {
  return real(runBlock, adamWord + index);
}

/** 0 share of averages that stays, 1 of new squares, 2 learning rate, 3 weight decay. */
export function adafactorValue(index: i32): f32 {
  return real(runBlock, adafactorWord + index);
}

/** First item of thread `index`, where `count` items are shared out in runs as equal as can be. */
export function shareOf(count: i32, index: i32): i32 {
  return <i32>((<i64>count * index) / parts);
}

/** First of this thread's items. */
export function shareStart(count: i32): i32 {
  return shareOf(count, part);
}

/** One past the last of this thread's items. */
export function shareEnd(count: i32): i32 {
  return shareOf(count, part + 1);
}
