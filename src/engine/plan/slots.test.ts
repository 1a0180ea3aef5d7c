import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Operation } from './operations.ts';
import type { Tensor } from './plan.ts';
import { assignSlots } from './slots.ts';

function draft(slot: number): Tensor {
  return { place: { kind: 'slot', slot }, offset: 0, shape: [1] };
}

/** An operation that reads one draft and writes another. */
function step(from: number, to: number): Operation {
  return { kind: 'sumPartials', partials: draft(from), output: draft(to), accumulate: 'never' };
}

describe('assignSlots', () => {
  test('tensors that live at the same time never share', () => {
    const program = fc.array(fc.nat(), { minLength: 1, maxLength: 30 });
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 31, maxLength: 31 });
    fc.assert(
      fc.property(program, lengths, fc.nat(30), (choices, sizes, persistentDraft) => {
        // Operation t reads some earlier draft and writes draft t + 1.
        const operations: Operation[] = [
          { kind: 'zero', target: draft(0), accumulate: 'never' },
          ...choices.map((choice, time) => step(choice % (time + 1), time + 1)),
        ];
        const drafts = sizes.map((length, index) => ({ length, persistent: index === persistentDraft }));
        const { slots, slotOf } = assignSlots(drafts, [operations]);
        const used = choices.length + 1;
        const lastRead = Array.from({ length: used }, (_, index) => {
          const times = choices.map((choice, time) => (choice % (time + 1) === index ? time + 1 : index));
          return Math.max(index, ...times);
        });
        for (let one = 0; one < used; one += 1) {
          expect(slots[slotOf[one]!]!.length).toBeGreaterThanOrEqual(sizes[one]!);
          for (let other = one + 1; other < used; other += 1) {
            if (slotOf[one] !== slotOf[other]) continue;
            expect(lastRead[one]).toBeLessThan(other);
            expect(slots[slotOf[one]!]!.persistent).toBe(false);
          }
        }
      }),
    );
  });

  test('refuses a program that reads what nothing has written', () => {
    const drafts = [0, 1].map(() => ({ length: 1, persistent: false }));
    expect(() => assignSlots(drafts, [[step(0, 1)]])).toThrow('nothing has written');
    expect(() => assignSlots([{ length: 1, persistent: true }, drafts[1]!], [[step(0, 1)]])).not.toThrow();
  });
});
