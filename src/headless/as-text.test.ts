import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { asText, printLine, sayAsText } from './as-text.ts';
import { ProgressLine } from './progress-line.ts';

const hostile = 'a\u001b]0;title\u0007\u009b2J\r\u0000\u007fb\tc\nd';
const harmless = 'a\\u001b]0;title\\u0007\\u009b2J\\u000d\\u0000\\u007fb\tc\nd';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('writes control characters out, and nothing else', () => {
  expect(asText(hostile)).toBe(harmless);
  expect(asText('é 日本 🙂 \u202e \\u001b')).toBe('é 日本 🙂 \u202e \\u001b');
});

it('leaves JSON what it is', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      expect(JSON.parse(asText(json))).toEqual(JSON.parse(json));
    }),
  );
});

it('is how the program speaks, on both streams and in its progress', () => {
  const said: unknown[] = [];
  vi.stubGlobal('console', {
    log: (text: unknown) => said.push(text),
    error: (text: unknown) => said.push(text),
  });
  sayAsText();
  console.log(hostile);
  console.error(hostile);
  console.log(7);
  const out = { isTTY: false, write: (text: string) => said.push(text) > 0 };
  const line = new ProgressLine(out as unknown as NodeJS.WriteStream);
  line.say(hostile);
  line.show(hostile);
  out.isTTY = true;
  line.say(hostile);
  line.show(hostile);
  expect(said).toEqual([
    harmless,
    harmless,
    7,
    `${harmless}\n`,
    `${harmless}\n`,
    `\r\u001b[K${harmless}\n`,
    `\r\u001b[K${harmless}`,
  ]);
});

it('but an answer goes to a program as it is, and to a terminal as text', () => {
  const said: unknown[] = [];
  vi.stubGlobal('console', { log: (text: string) => said.push(`${text} in a terminal`) });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(text) > 0);
  const { isTTY } = process.stdout;
  try {
    process.stdout.isTTY = false;
    printLine(hostile);
    process.stdout.isTTY = true;
    printLine('b');
  } finally {
    process.stdout.isTTY = isTTY;
  }
  expect(said).toEqual([`${hostile}\n`, 'b in a terminal']);
});
