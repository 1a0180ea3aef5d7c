import { expect, it } from 'vitest';
import { MachineUse } from './machine-use.ts';

const watch = { report: () => undefined, signal: new AbortController().signal };

it('has one piece of work at a time, and is free again when that ends, well or not', async () => {
  const machine = new MachineUse(() => false);
  const giveBack = await machine.take();
  expect(machine.busy).toBe(true);
  await expect(machine.take()).rejects.toThrow('A run is at work.');
  await expect(machine.alone(() => Promise.resolve(1))).rejects.toThrow('A run is at work.');
  expect(machine.busy).toBe(true);
  giveBack();
  expect(await machine.alone(() => Promise.resolve(machine.busy))).toBe(true);
  await expect(machine.alone(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(machine.busy).toBe(false);
});

it('takes a rehearsal back for whatever else is asked for, and begins none beside a reduction', async () => {
  let isReducing = false;
  const machine = new MachineUse(() => isReducing);
  const steps: string[] = [];
  const rehearse = () =>
    machine.tryOut(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      steps.push('rehearsal ended');
    }, watch);
  const first = rehearse();
  await expect.poll(() => machine.busy).toBe(true);
  const giveBack = await machine.take();
  steps.push('taken');
  expect(steps).toEqual(['rehearsal ended', 'taken']);
  await first;
  await expect(rehearse()).rejects.toThrow('A run is at work.');
  giveBack();
  isReducing = true;
  await expect(rehearse()).rejects.toThrow('A student is being reduced or measured.');
  expect(machine.busy).toBe(false);
});
