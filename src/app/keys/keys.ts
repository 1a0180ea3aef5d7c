/**
 * What a key is, and the keys of single places in one table: what listens to them names them by it, and the list under
 * `?` is drawn from it. Keys that work anywhere stand with their actions (`../actions/`).
 */

/** A key as `KeyboardEvent.key` has it; `Mod+` is Ctrl or, on a Mac, Command. Signs and letters count as they are typed. */
export type Press = string;

export interface KeyBinding {
  /** What it does, beginning with a verb. */
  does: string;
  where: KeyPlace;
  /** One press, or several one after the other. */
  presses: readonly Press[];
  /** Does the same. */
  also?: Press;
  /** The browser listens to it: a button has the focus then. */
  native?: true;
}

export type KeyPlace =
  'Anywhere' | 'Screens' | 'Teacher' | 'Train' | 'A chart with the focus' | 'Compare' | 'Runs';

export const keyPlaces: readonly KeyPlace[] = [
  'Anywhere',
  'Screens',
  'Teacher',
  'Train',
  'A chart with the focus',
  'Compare',
  'Runs',
];

export const keyTable = {
  close: { does: 'Close a dialog', where: 'Anywhere', presses: ['Escape'], native: true },
  'smooth-less': { does: 'Smooth the curves less', where: 'Train', presses: ['['] },
  'smooth-more': { does: 'Smooth the curves more', where: 'Train', presses: [']'] },
  'log-axis': { does: 'Change between a linear and a log axis', where: 'Train', presses: ['l'] },
  'chart-back': {
    does: 'Move to the value before',
    where: 'A chart with the focus',
    presses: ['ArrowLeft'],
  },
  'chart-forward': {
    does: 'Move to the next value',
    where: 'A chart with the focus',
    presses: ['ArrowRight'],
  },
  'chart-back-far': {
    does: 'Move ten values back',
    where: 'A chart with the focus',
    presses: ['Shift+ArrowLeft'],
  },
  'chart-forward-far': {
    does: 'Move ten values on',
    where: 'A chart with the focus',
    presses: ['Shift+ArrowRight'],
  },
  'chart-first': { does: 'Move to the first value', where: 'A chart with the focus', presses: ['Home'] },
  'chart-last': { does: 'Move to the last value', where: 'A chart with the focus', presses: ['End'] },
  'zoom-in': { does: 'Zoom in', where: 'A chart with the focus', presses: ['+'], also: '=' },
  'zoom-out': { does: 'Zoom out', where: 'A chart with the focus', presses: ['-'] },
  'zoom-all': { does: 'Show all', where: 'A chart with the focus', presses: ['Escape'] },
  'next-row': { does: 'Move to the next row', where: 'Compare', presses: ['j'] },
  'previous-row': { does: 'Move to the row before', where: 'Compare', presses: ['k'] },
  'open-row': { does: 'Open or close the row', where: 'Compare', presses: ['Enter'], native: true },
  'search-rows': { does: 'Search the rows', where: 'Compare', presses: ['/'] },
  'search-runs': { does: 'Search the runs', where: 'Runs', presses: ['/'] },
  'next-run': { does: 'Move to the next run', where: 'Runs', presses: ['ArrowDown'] },
  'previous-run': { does: 'Move to the run before', where: 'Runs', presses: ['ArrowUp'] },
  'tick-next': { does: 'Tick the next run too', where: 'Runs', presses: ['Shift+ArrowDown'] },
  'tick-previous': { does: 'Tick the run before too', where: 'Runs', presses: ['Shift+ArrowUp'] },
  'open-run': { does: 'Open the run', where: 'Runs', presses: ['Enter'] },
  'clear-ticks': { does: 'Take all ticks away', where: 'Runs', presses: ['Escape'] },
  'undo-delete': { does: 'Bring back what was deleted last', where: 'Runs', presses: ['Mod+z'] },
  'pause-asking': { does: 'Pause the asking', where: 'Teacher', presses: [' '] },
  'next-answer': { does: 'Move to the next answer', where: 'Teacher', presses: ['j'] },
  'previous-answer': { does: 'Move to the answer before', where: 'Teacher', presses: ['k'] },
  'accept-answer': { does: 'Accept the answer', where: 'Teacher', presses: ['a'] },
  'reject-answer': { does: 'Reject the answer', where: 'Teacher', presses: ['x'] },
  'edit-answer': { does: 'Write the reason by hand', where: 'Teacher', presses: ['e'] },
  'show-as-demonstration': { does: 'Show the answer to the teacher', where: 'Teacher', presses: ['d'] },
} as const satisfies Record<string, KeyBinding>;

export type KeyId = keyof typeof keyTable;

export function bindingOf(id: KeyId): KeyBinding {
  return keyTable[id];
}

/** The keys that work in a place, in the table's order. */
export function keysOf(place: KeyPlace): KeyId[] {
  return (Object.keys(keyTable) as KeyId[]).filter((id) => keyTable[id].where === place);
}

/** What of a `KeyboardEvent` counts. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** True where an event is the press that is named. */
export function isPress(event: KeyPress, press: Press): boolean {
  const mod = press.startsWith('Mod+');
  const shift = press.startsWith('Shift+');
  const key = press.replace(/^(Mod|Shift)\+(?=.)/, '');
  if (event.altKey || (event.ctrlKey || event.metaKey) !== mod) return false;
  // A sign says by itself whether it takes Shift, and where it does differs by keyboard.
  if (key.length > 1 && event.shiftKey !== shift) return false;
  return event.key === key;
}

/** What a press means among keys: one of them, the beginning of one, or nothing. `before` is what was pressed just before. */
export function readBindings<Id>(
  event: KeyPress,
  bindings: Iterable<readonly [Id, KeyBinding]>,
  before: Press | null = null,
): { id: Id } | { begun: Press } | null {
  let begun: Press | null = null;
  for (const [id, { presses, also }] of bindings) {
    const [first, second] = presses;
    if (first === undefined) continue;
    if (second === undefined) {
      if (isPress(event, first) || (also !== undefined && isPress(event, also))) return { id };
    } else if (before === first) {
      if (isPress(event, second)) return { id };
    } else if (isPress(event, first)) begun = first;
  }
  return begun === null ? null : { begun };
}

/** The same among keys of the table. */
export function readPress<Id extends KeyId>(
  event: KeyPress,
  ids: readonly Id[],
): { id: Id } | { begun: Press } | null {
  return readBindings(
    event,
    ids.map((id) => [id, bindingOf(id)] as const),
  );
}

const named: Record<string, string> = {
  ' ': 'space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
};

/** A press as the keyboard has it written. */
export function pressWords(press: Press, mac: boolean): string {
  if (press.startsWith('Mod+')) return `${mac ? '⌘' : 'Ctrl'} ${press.slice(4).toUpperCase()}`;
  if (press.startsWith('Shift+')) return `Shift ${pressWords(press.slice(6), mac)}`;
  return named[press] ?? press;
}

/** A key as this keyboard has it written, its presses one after the other. */
export function keyWords({ presses }: KeyBinding): string {
  return presses.map((press) => pressWords(press, isMac())).join(' ');
}

/** A key for `aria-keyshortcuts`; undefined for presses one after the other, which that has no words for. */
export function ariaKey({ presses }: KeyBinding): string | undefined {
  const [press, second] = presses;
  if (press === undefined || second !== undefined) return undefined;
  if (press === ' ') return 'Space';
  const [, letter] = /^Mod\+(.)$/.exec(press) ?? [];
  return letter === undefined ? press : `Control+${letter.toUpperCase()} Meta+${letter.toUpperCase()}`;
}

/** A letter or a sign alone: what a person who speaks to the computer, or has unsteady hands, may press by accident. */
export function isSingleSign({ presses }: KeyBinding): boolean {
  return presses.every((press) => press.length === 1 && press !== ' ');
}

export function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
