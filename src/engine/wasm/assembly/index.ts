// What the host calls: a program is a list of commands, run by every thread in step.
import {
  adafactorApply,
  adafactorColumns,
  adafactorFactors,
  adafactorRows,
  adafactorSquares,
  adafactorTotals,
} from './adafactor';
import { attention, attentionBackward, attentionScratch } from './attention';
import { loadRun, parts, setShare, word } from './command';
import { argMax, decodeCrossAttention, decodeScratch, decodeSelfAttention } from './decode';
import { gateOf, setGate } from './gate';
import { crossEntropyRows, crossEntropySums } from './loss';
import { matmul, matmulScratch } from './matmul';
import { biasGradient, drop, embed, embedBackward, rmsNorm, rmsNormBackward, sumPartials } from './norm';
import { adamw, clip, squaredNorm, zero } from './update';
import { exp4 } from './vector';

/** Bytes of a command. */
const commandSize: usize = 256;

// Words of the control block, by which threads keep step.
const arrivedWord: usize = 0;
const turnWord: usize = 4;
const jobWord: usize = 8;
const commandsWord: usize = 12;
const countWord: usize = 16;
const runWord: usize = 20;
const endWord: usize = 24;

/**
 * Sleep and wake are JavaScript's (Atomics.wait and notify): with WebAssembly's own, wake-ups were lost in Node 20.
 * `sleep` returns after a while even so; true means that another thread has failed and nobody will ever wake us.
 */
@external('env', 'sleep')
declare function sleep(address: usize, value: i32): bool;
@external('env', 'wake')
declare function wake(address: usize): void;

/** How often a thread looks before it goes to sleep. */
const spins: i32 = 20000;

/** Bytes of scratch memory of one thread. */
export function scratchBytes(maxKeys: i32, distances: i32, columns: i32): u32 {
  let bytes = max(matmulScratch, attentionScratch(maxKeys, distances));
  bytes = max(bytes, decodeScratch(max(maxKeys, distances)));
  // A row of the model's width, the vocabulary's pieces, the sums of a bias table.
  bytes = max(bytes, decodeScratch(max(columns, 4096) + distances));
  return <u32>((bytes + 255) & ~255);
}

/** Who this thread is. To be called once. */
export function join(part: i32, parts: i32): void {
  setShare(part, parts);
}

/** Runs this thread's share of one program. All threads must be in it. */
export function run(commands: u32, count: i32, runBlock: u32, control: u32): void {
  loadRun(<usize>runBlock);
  let command = <usize>commands;
  for (let i = 0; i < count; i += 1) {
    execute(command);
    command += commandSize;
    if (parts > 1) meet(<usize>control);
  }
}

/** One share of one command, whoever this thread is. */
export function runShare(command: u32, runBlock: u32, part: i32, parts: i32): void {
  setShare(part, parts);
  loadRun(<usize>runBlock);
  execute(<usize>command);
}

/** Waits until all threads have come this far. */
function meet(control: usize): void {
  const turn = atomic.load<i32>(control, turnWord);
  if (atomic.add<i32>(control, 1, arrivedWord) === parts - 1) {
    atomic.store<i32>(control, 0, arrivedWord);
    atomic.add<i32>(control, 1, turnWord);
    wake(control + turnWord);
    return;
  }
  sleepWhile(control + turnWord, turn);
}

function sleepWhile(at: usize, value: i32): void {
  for (let i = 0; i < spins; i += 1) if (atomic.load<i32>(at) !== value) return;
  while (atomic.load<i32>(at) === value) if (sleep(at, value)) unreachable();
}

/** Starts the other threads on a program, for the thread that continues with `run`. */
export function announce(commands: u32, count: i32, runBlock: u32, control: u32): void {
  const at = <usize>control;
  store<u32>(at, commands, commandsWord);
  store<i32>(at, count, countWord);
  store<u32>(at, runBlock, runWord);
  atomic.add<i32>(at, 1, jobWord);
  wake(at + jobWord);
}

/** Ends the loops of `serve`. */
export function dismiss(control: u32): void {
  const at = <usize>control;
  atomic.store<i32>(at, 1, endWord);
  atomic.add<i32>(at, 1, jobWord);
  wake(at + jobWord);
}

/** The life of every thread but the first: programs as they are announced. `job` is the last one it knows of. */
export function serve(control: u32, job: i32): void {
  const at = <usize>control;
  let known = job;
  while (true) {
    sleepWhile(at + jobWord, known);
    known += 1;
    if (atomic.load<i32>(at, endWord) !== 0) return;
    run(load<u32>(at, commandsWord), load<i32>(at, countWord), load<u32>(at, runWord), control);
  }
}

function execute(command: usize): void {
  switch (word(command, 0)) {
    case 1:
      return embed(command);
    case 2:
      return rmsNorm(command);
    case 3:
      return rmsNormBackward(command);
    case 4:
      return sumPartials(command);
    case 5:
      return matmul(command);
    case 6:
      return attention(command);
    case 7:
      return attentionBackward(command);
    case 8:
      return biasGradient(command);
    case 9:
      return crossEntropyRows(command);
    case 10:
      return crossEntropySums(command);
    case 11:
      return zero(command);
    case 12:
      return embedBackward(command);
    case 13:
      return squaredNorm(command);
    case 14:
      return clip(command);
    case 15:
      return adamw(command);
    case 16:
      return decodeSelfAttention(command);
    case 17:
      return decodeCrossAttention(command);
    case 18:
      return argMax(command);
    case 19:
      return drop(command);
    case 20:
      return adafactorRows(command);
    case 21:
      return adafactorColumns(command);
    case 22:
      return adafactorTotals(command);
    case 23:
      return adafactorSquares(command);
    case 24:
      return adafactorFactors(command);
    case 25:
      return adafactorApply(command);
    default:
      unreachable();
  }
}

/** For tests: exp of `count` floats (a multiple of 4) in place. */
export function testExp(x: u32, count: i32): void {
  for (let at = <usize>x; at < <usize>x + (<usize>count << 2); at += 16) v128.store(at, exp4(v128.load(at)));
}

/** For tests: the share that a gate lets through, of `count` floats (a multiple of 4) in place. */
export function testGate(x: u32, count: i32, gate: i32): void {
  setGate(gate);
  for (let at = <usize>x; at < <usize>x + (<usize>count << 2); at += 16) v128.store(at, gateOf(v128.load(at)));
}
