/** From tensors with lifetimes to few buffers: tensors whose lifetimes do not meet share a slot. */
import type { Operation } from './operations.ts';
import { operandsOf } from './operands.ts';
import type { Slot } from './plan.ts';

/** A tensor before it has a slot. Its `place.slot` is its index in the list of drafts. */
export interface SlotDraft {
  length: number;
  /** Keeps its own slot, and its content between programs and runs. */
  persistent: boolean;
}

/** Operations, by number, from the first that writes a tensor to the last that uses it. */
interface Life {
  draft: number;
  program: number;
  born: number;
  dies: number;
}

/**
 * Gives each draft a slot. A draft lives from the operation that first writes it to the last that uses it; programs
 * are independent of each other, so that nothing but what is persistent outlives one. The largest drafts choose first,
 * each the smallest slot that is free all its life, so that slots never grow.
 * @returns The slots, and the slot of each draft (-1 where no operation uses it).
 * @throws Error where an operation reads what nothing has written: a mistake of the planner.
 */
export function assignSlots(
  drafts: readonly SlotDraft[],
  programs: Iterable<readonly Operation[]>,
): { slots: Slot[]; slotOf: number[] } {
  const slots: Slot[] = [];
  const tenants: Life[][] = [];
  const slotOf = new Array<number>(drafts.length).fill(-1);
  const addSlot = (length: number, persistent: boolean): number => {
    tenants.push([]);
    return slots.push({ length, persistent }) - 1;
  };
  drafts.forEach(({ length, persistent }, draft) => {
    if (persistent) slotOf[draft] = addSlot(length, true);
  });
  const lives = [...programs].flatMap((operations, program) => livesIn(drafts, operations, program));
  lives.sort((one, other) => drafts[other.draft]!.length - drafts[one.draft]!.length);
  for (const life of lives) {
    let best = -1;
    slots.forEach(({ length, persistent }, slot) => {
      if (persistent || tenants[slot]!.some((tenant) => meet(tenant, life))) return;
      if (best < 0 || length < slots[best]!.length) best = slot;
    });
    if (best < 0) best = addSlot(drafts[life.draft]!.length, false);
    tenants[best]!.push(life);
    slotOf[life.draft] = best;
  }
  return { slots, slotOf };
}

function meet(one: Life, other: Life): boolean {
  return one.program === other.program && one.born <= other.dies && other.born <= one.dies;
}

/** Lives of the drafts of one program that are not persistent. */
function livesIn(drafts: readonly SlotDraft[], operations: readonly Operation[], program: number): Life[] {
  const lives = new Map<number, Life>();
  operations.forEach((operation, time) => {
    const { reads, writes } = operandsOf(operation);
    const drafted = (tensors: typeof reads) =>
      tensors.flatMap(({ place }) =>
        place.kind === 'slot' && !drafts[place.slot]!.persistent ? [place.slot] : [],
      );
    for (const draft of drafted(reads)) {
      if (lives.has(draft)) continue;
      throw new Error(`Operation ${time} (${operation.kind}) reads a tensor that nothing has written.`);
    }
    for (const draft of [...drafted(reads), ...drafted(writes)]) {
      const life = lives.get(draft);
      if (life === undefined) lives.set(draft, { draft, program, born: time, dies: time });
      else life.dies = time;
    }
  });
  return [...lives.values()];
}
