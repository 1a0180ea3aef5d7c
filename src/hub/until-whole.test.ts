import { expect, it } from 'vitest';
import { HubError, NoRoomError } from '../base/errors.ts';
import { untilWhole } from './until-whole.ts';

/** Brings so many bytes at each try, and then breaks, or just ends. */
function coming(tries: readonly number[], { breaks }: { breaks: boolean }) {
  const asked: number[] = [];
  let got = 0;
  const readOn = (fromByte: number): Promise<void> => {
    got += tries[asked.length] ?? 0;
    asked.push(fromByte);
    return breaks ? Promise.reject(new HubError('cut', 'x')) : Promise.resolve();
  };
  return { asked, file: { sizeBytes: 10, gotBytes: () => got, readOn } };
}

it.each([true, false])(
  'resumes from what came, as long as a try got further (breaks: %s)',
  async (breaks) => {
    const { asked, file } = coming([3, 3, 3, 3], { breaks });
    await untilWhole(file, [0]);
    expect(asked).toEqual([0, 3, 6, 9]);
  },
);

it('gives up after tries that brought nothing, and at once where trying again does not help', async () => {
  const broken = coming([3, 0, 0, 9], { breaks: true });
  await expect(untilWhole(broken.file, [0, 0])).rejects.toThrow('cut');
  expect(broken.asked).toEqual([0, 3, 3]);
  const silent = coming([0], { breaks: false });
  await expect(untilWhole(silent.file, [0, 0])).rejects.toThrow('The line broke');
  const full = { ...silent.file, readOn: () => Promise.reject(new NoRoomError('full', 'x')) };
  await expect(untilWhole(full, [0, 0])).rejects.toThrow('full');
});
