/**
 * What is printed is text. File names, rows, a student's answers and a server's words come from strangers, and a terminal
 * obeys what they may hold: it clears its screen, renames its window, fills the clipboard.
 */

/** A text with its control characters written out as JSON has them (so that JSON stays what it is), but for line breaks and tabs. */
export function asText(text: string): string {
  return text.replace(
    /(?![\n\t])\p{Cc}/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** From now on all that is said by `console` is text. To be called once, when the program starts. */
export function sayAsText(): void {
  for (const name of ['log', 'error'] as const) {
    const say = console[name].bind(console);
    console[name] = (...said: unknown[]) =>
      say(...said.map((one) => (typeof one === 'string' ? asText(one) : one)));
  }
}

/** A line of what the program was asked for, as it is where a program reads it. */
export function printLine(line: string): void {
  if (process.stdout.isTTY) console.log(line);
  else process.stdout.write(`${line}\n`);
}
