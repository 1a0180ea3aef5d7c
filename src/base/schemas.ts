/**
 * zod, set up for a page with a strict Content-Security-Policy: it would otherwise probe `new Function`, which the
 * policy reports as a violation. Every schema imports `z` from here.
 */
import { z } from 'zod';

z.config({ jitless: true });

/**
 * A list of at most so many elements. Its length is looked at before its elements: zod keeps a fault of each, and of more
 * than 100,000 it overflows the stack.
 * @param words What is said of no list, and of one that is too long.
 */
export function boundedList<Element extends z.ZodType>(element: Element, most: number, words: string) {
  return z.array(z.unknown(), words).max(most, words).pipe(z.array(element));
}

export { z };
