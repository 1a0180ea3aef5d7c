import { describe, expect, it } from 'vitest';
import { parseRoute } from '../routes.ts';
import {
  ariaKey,
  bindingOf,
  isPress,
  isSingleSign,
  keyPlaces,
  keysOf,
  keyTable,
  pressWords,
  readPress,
  type KeyId,
  type KeyPress,
} from './keys.ts';

const ids = Object.keys(keyTable) as KeyId[];

function typed(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

describe('the table of keys', () => {
  it('lists every key in one place', () => {
    expect(keyPlaces.flatMap(keysOf).toSorted()).toEqual(ids.toSorted());
  });

  it('gives no press to two keys that can meet', () => {
    for (const place of keyPlaces) {
      const meet = [...keysOf('Anywhere'), ...keysOf('Screens'), ...keysOf(place)];
      const presses = [...new Set(meet)]
        // Escape closes what is open, and a chart has it only where nothing is.
        .filter((id) => id !== 'close')
        .flatMap((id) => [bindingOf(id).presses.join(' '), bindingOf(id).also ?? id]);
      expect(new Set(presses).size, place).toBe(presses.length);
    }
  });

  it('lets no key alone be the beginning of another', () => {
    const first = new Set(
      ids
        .map((id) => bindingOf(id).presses)
        .filter((all) => all.length > 1)
        .map(([one]) => one),
    );
    const alone = ids.filter(
      (id) => bindingOf(id).presses.length === 1 && first.has(bindingOf(id).presses[0]),
    );
    expect(alone).toEqual([]);
  });

  it('leads to screens that there are', () => {
    for (const id of keysOf('Screens')) expect(parseRoute(`#/${id.slice(3)}`)).toBe(id.slice(3));
  });
});

describe('a press', () => {
  it('is Ctrl or Command with its letter, and neither alone', () => {
    expect(isPress(typed('k', { ctrlKey: true }), 'Mod+k')).toBe(true);
    expect(isPress(typed('k', { metaKey: true }), 'Mod+k')).toBe(true);
    expect(isPress(typed('k'), 'Mod+k')).toBe(false);
    expect(isPress(typed('k', { ctrlKey: true }), 'k')).toBe(false);
    expect(isPress(typed('k', { altKey: true }), 'k')).toBe(false);
  });

  it('minds Shift on named keys and leaves signs to the keyboard', () => {
    expect(isPress(typed('?', { shiftKey: true }), '?')).toBe(true);
    expect(isPress(typed('?'), '?')).toBe(true);
    expect(isPress(typed('ArrowLeft', { shiftKey: true }), 'ArrowLeft')).toBe(false);
    expect(isPress(typed('ArrowLeft', { shiftKey: true }), 'Shift+ArrowLeft')).toBe(true);
    expect(isPress(typed('+', { shiftKey: true }), '+')).toBe(true);
  });

  it('completes what was begun, and nothing else', () => {
    expect(readPress(typed('g'), ids)).toEqual({ begun: 'g' });
    expect(readPress(typed('t'), ids, 'g')).toEqual({ id: 'go-train' });
    expect(readPress(typed('t'), ids)).toBeNull();
    expect(readPress(typed('j'), ids, 'g')).toEqual({ id: 'next-row' });
    expect(readPress(typed('='), ids)).toEqual({ id: 'zoom-in' });
    expect(readPress(typed('j'), ['pause'])).toBeNull();
  });
});

describe('the words of a key', () => {
  it('are those on the keyboard', () => {
    expect(pressWords('Mod+k', false)).toBe('Ctrl K');
    expect(pressWords('Mod+k', true)).toBe('⌘ K');
    expect(pressWords('Shift+ArrowLeft', false)).toBe('Shift ←');
    expect(pressWords(' ', false)).toBe('space');
    expect(pressWords('+', false)).toBe('+');
  });

  it('are those of ARIA for a screen reader', () => {
    expect(ariaKey('pause')).toBe('Space');
    expect(ariaKey('palette')).toBe('Control+K Meta+K');
    expect(ariaKey('show-keys')).toBe('?');
    expect(ariaKey('go-data')).toBeUndefined();
  });

  it('tell letters and signs, which can be turned off, from the rest', () => {
    expect(['show-keys', 'go-train', 'log-axis', 'zoom-in'].every((id) => isSingleSign(id as KeyId))).toBe(
      true,
    );
    expect(['palette', 'pause', 'chart-back'].some((id) => isSingleSign(id as KeyId))).toBe(false);
  });
});
