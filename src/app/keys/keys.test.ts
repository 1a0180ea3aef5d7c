import { describe, expect, it } from 'vitest';
import {
  ariaKey,
  bindingOf,
  isPress,
  isSingleSign,
  keyTable,
  pressWords,
  readBindings,
  readPress,
  type KeyId,
  type KeyPress,
} from './keys.ts';

const ids = Object.keys(keyTable) as KeyId[];

function typed(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

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
    const there = { does: 'Go there', where: 'Screens', presses: ['g', 't'] } as const;
    const keys = [['there', there] as const, ...ids.map((id) => [id, bindingOf(id)] as const)];
    expect(readBindings(typed('g'), keys)).toEqual({ begun: 'g' });
    expect(readBindings(typed('t'), keys, 'g')).toEqual({ id: 'there' });
    expect(readBindings(typed('t'), keys)).toBeNull();
    expect(readBindings(typed('j'), keys, 'g')).toEqual({ id: 'next-row' });
    expect(readPress(typed('='), ids)).toEqual({ id: 'zoom-in' });
    expect(readPress(typed('j'), ['zoom-in'])).toBeNull();
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

  const pressed = (...presses: string[]) => ({ does: 'Do it', where: 'Anywhere', presses }) as const;

  it('are those of ARIA for a screen reader', () => {
    expect(ariaKey(pressed(' '))).toBe('Space');
    expect(ariaKey(pressed('Mod+k'))).toBe('Control+K Meta+K');
    expect(ariaKey(pressed('?'))).toBe('?');
    expect(ariaKey(pressed('g', 'd'))).toBeUndefined();
  });

  it('tell letters and signs, which can be turned off, from the rest', () => {
    for (const presses of [['?'], ['g', 't'], ['l'], ['+']])
      expect(isSingleSign(pressed(...presses))).toBe(true);
    for (const press of ['Mod+k', ' ', 'ArrowLeft']) expect(isSingleSign(pressed(press))).toBe(false);
  });
});
