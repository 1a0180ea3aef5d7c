/**
 * The little that WGSL lacks: choosing and repeating lines. Directives are comments, so that kernels stay readable:
 *
 *     // #if FLAG … // #else … // #end      keeps lines where the flag is set (`!FLAG`: is not)
 *     // #each i 4*ROWS … // #end           repeats lines for i = 0, 1, …
 *
 * Inside `#each`, `$i` is the number and `$(2*i+1)` an expression of +, *, / and % on whole numbers and constants.
 * Registers must be repeated like this: what is indexed in a loop lives in memory on many drivers.
 */

export interface TemplateValues {
  flags: ReadonlySet<string>;
  constants: Readonly<Record<string, number>>;
}

interface Lines {
  kind: 'lines';
  text: string[];
}
interface Choice {
  kind: 'if';
  flag: string;
  yes: Part[];
  no: Part[];
}
interface Repetition {
  kind: 'each';
  name: string;
  count: string;
  body: Part[];
}
type Part = Lines | Choice | Repetition;

const directive = /^\s*\/\/ #(if|else|each|end)\b\s*(.*)$/;

/** @throws Error where directives do not match: a mistake in a kernel. */
export function expand(source: string, values: TemplateValues): string {
  const lines = source.split('\n');
  const { parts, next } = parse(lines, 0, true);
  if (next !== lines.length) throw new Error(`Line ${next + 1} of a kernel ends what has not begun.`);
  return write(parts, values, {}).join('\n');
}

function parse(lines: readonly string[], from: number, isTop: boolean): { parts: Part[]; next: number } {
  const parts: Part[] = [];
  let index = from;
  while (index < lines.length) {
    const line = lines[index]!;
    const [, name, rest = ''] = directive.exec(line) ?? [];
    if (name === 'else' || name === 'end') {
      if (isTop) break;
      return { parts, next: index };
    }
    if (name === 'if') {
      const yes = parse(lines, index + 1, false);
      let no: { parts: Part[]; next: number } = { parts: [], next: yes.next };
      if (lines[yes.next]!.includes('#else')) no = parse(lines, yes.next + 1, false);
      parts.push({ kind: 'if', flag: rest.trim(), yes: yes.parts, no: no.parts });
      index = no.next + 1;
    } else if (name === 'each') {
      const [variable = '', count = ''] = rest.trim().split(/\s+/);
      const body = parse(lines, index + 1, false);
      parts.push({ kind: 'each', name: variable, count, body: body.parts });
      index = body.next + 1;
    } else {
      parts.push({ kind: 'lines', text: [line] });
      index += 1;
    }
  }
  if (!isTop) throw new Error('A directive of a kernel does not end.');
  return { parts, next: index };
}

function write(parts: readonly Part[], values: TemplateValues, numbers: Record<string, number>): string[] {
  return parts.flatMap((part) => {
    switch (part.kind) {
      case 'lines':
        return part.text.map((line) => fill(line, numbers, values.constants));
      case 'if': {
        const isNegated = part.flag.startsWith('!');
        const isSet = values.flags.has(isNegated ? part.flag.slice(1) : part.flag);
        return write(isSet === isNegated ? part.no : part.yes, values, numbers);
      }
      case 'each': {
        const count = evaluate(part.count, { ...values.constants, ...numbers });
        return Array.from({ length: count }, (_, number) =>
          write(part.body, values, { ...numbers, [part.name]: number }),
        ).flat();
      }
      default:
        return part satisfies never;
    }
  });
}

function fill(
  line: string,
  numbers: Record<string, number>,
  constants: Readonly<Record<string, number>>,
): string {
  if (!line.includes('$')) return line;
  return line
    .replace(/\$\(([^)]*)\)/g, (_, expression: string) =>
      String(evaluate(expression, { ...constants, ...numbers })),
    )
    .replace(/\$([a-z])/g, (whole, name: string) => (name in numbers ? String(numbers[name]) : whole));
}

/** Sums of products, left to right, without brackets; / rounds down. */
function evaluate(expression: string, names: Readonly<Record<string, number>>): number {
  return expression
    .split('+')
    .map((term) => {
      const [first = '', ...rest] = term.split(/([*/%])/);
      let value = operand(first, names);
      for (let index = 0; index < rest.length; index += 2) {
        const other = operand(rest[index + 1]!, names);
        if (rest[index] === '*') value *= other;
        else if (rest[index] === '/') value = Math.floor(value / other);
        else value %= other;
      }
      return value;
    })
    .reduce((sum, value) => sum + value, 0);
}

function operand(text: string, names: Readonly<Record<string, number>>): number {
  const value = names[text.trim()] ?? Number(text);
  if (!Number.isInteger(value)) throw new Error(`A kernel counts with "${text}", which is no number.`);
  return value;
}
