import { describe, expect, it } from 'vitest';
import { keyPlaces, keyTable } from '../keys/keys.ts';
import { parseRoute } from '../routes.ts';
import { bindingsOf, keyActions } from './anywhere.ts';

describe('the keys of actions and places', () => {
  it('are listed in one place each', () => {
    const all = [...keyActions.flatMap(({ key }) => key ?? []), ...Object.values(keyTable)];
    expect(keyPlaces.flatMap(bindingsOf).length).toBe(all.length);
    expect(new Set(keyPlaces.flatMap(bindingsOf))).toEqual(new Set(all));
  });

  it('have no press in common where they can meet', () => {
    for (const place of keyPlaces) {
      const meet = new Set([...bindingsOf('Anywhere'), ...bindingsOf('Screens'), ...bindingsOf(place)]);
      const presses = [...meet]
        // Escape closes what is open, and a chart has it only where nothing is. A teacher is asked where no run is at work.
        .filter((key) => key !== keyTable.close && key !== keyTable['pause-asking'])
        .flatMap(({ presses, also }) => [presses.join(' '), ...(also === undefined ? [] : [also])]);
      expect(new Set(presses).size, place).toBe(presses.length);
    }
  });

  it('lets no key alone be the beginning of another', () => {
    const all = keyPlaces.flatMap(bindingsOf).map(({ presses }) => presses);
    const first = new Set(all.filter(({ length }) => length > 1).map(([one]) => one));
    expect(all.filter(({ length }) => length === 1).filter(([one]) => first.has(one))).toEqual([]);
  });

  it('lead to screens that there are', () => {
    for (const { id } of keyActions.filter(({ kind }) => kind === 'screen'))
      expect(parseRoute(`#/${id.slice(3)}`)).toBe(id.slice(3));
  });
});
