/** What an experiment found, in one plain sentence made from its figures, or two. */
import { plural } from '../base/units.ts';
import { shareOf } from '../distill/score.ts';
import { variedId, type Result } from './ledger.ts';
import { describe, type Varied } from './spec.ts';
import { meanInterval } from './statistics.ts';
import { cellsOf, interval, pairedDifference, points, type Cell } from './summary.ts';

/** @param isWhole Whether no run is missing any more. */
export function findingOf(results: readonly Result[], isWhole: boolean): string {
  const cells = cellsOf(results);
  const [best, second] = [...cells].sort((a, b) => meanOf(b) - meanOf(a));
  if (best === undefined) return 'No run has ended yet.';
  const seeds = best.bySeed.size;
  const over = seeds > 1 ? ` over ${plural(seeds, 'seed')}` : '';
  if (second === undefined) {
    const base = percent(shareOf(best.base));
    return hedged(
      `${capital(worded(best.setting)) || 'The distilled student'} has ${percent(meanOf(best))} right${over}; before training it had ${base}.`,
      isWhole,
    );
  }
  const sentence = bestOfAll(best, second, over);
  const less = withLessData(cells, best);
  return hedged(less === null ? sentence : `${sentence} ${less}`, isWhole);
}

/** The best one against the next best, by seeds that both have. */
function bestOfAll(best: Cell, second: Cell, over: string): string {
  const [first, next] = [worded(best.setting), worded(second.setting)];
  const difference = pairedDifference(best.bySeed, second.bySeed);
  const shares = `${percent(meanOf(best))} right${over}`;
  if (meanOf(best) === meanOf(second)) {
    return `No difference can be seen: ${first} and ${next} both have ${shares}.`;
  }
  if (Number.isNaN(difference.low)) {
    return `${capital(first)} is best with ${shares}, before ${next} with ${percent(meanOf(second))}; one seed does not say how sure that is.`;
  }
  if (difference.low > 0) {
    return `${capital(first)} is best: ${shares}, ${points(difference)} points over ${next} (95 % interval ${interval(difference)}).`;
  }
  return `No sure difference can be seen: ${first} has ${shares}, ${points(difference)} points over ${next}, and the 95 % interval is ${interval(difference)}.`;
}

/** How few rows the best setting needs for what another one has with the most; null where rows do not vary, or none do. */
function withLessData(cells: readonly Cell[], best: Cell): string | null {
  const own = lineOf(cells, best);
  if (own.length < 2) return null;
  const others = cells.filter((cell) => restId(cell) !== restId(best));
  const most = Math.max(...others.map(fractionOf));
  const rival = others.filter((cell) => fractionOf(cell) === most).sort((a, b) => meanOf(b) - meanOf(a))[0];
  if (rival === undefined) return null;
  const needed = reaches(own, meanOf(rival));
  if (needed === null || needed >= most) return null;
  const name = (cell: Cell): string => worded(rest(cell)) || 'it';
  const all = most === 1 ? 'all of them' : percent(most, 0);
  return `With about ${percent(needed, 0)} of the rows, ${name(best)} does what ${name(rival)} does with ${all}.`;
}

/** The smallest fraction at which a line reaches an accuracy, straight between its points; null where it never does. */
function reaches(line: readonly Cell[], target: number): number | null {
  for (const [index, cell] of line.entries()) {
    if (meanOf(cell) < target) continue;
    const before = line[index - 1];
    if (before === undefined) return fractionOf(cell);
    const share = (target - meanOf(before)) / (meanOf(cell) - meanOf(before));
    return fractionOf(before) + share * (fractionOf(cell) - fractionOf(before));
  }
  return null;
}

/** All fractions of what is otherwise the same, ascending. */
function lineOf(cells: readonly Cell[], of: Cell): Cell[] {
  return cells
    .filter((cell) => typeof cell.setting['fraction'] === 'number' && restId(cell) === restId(of))
    .sort((a, b) => fractionOf(a) - fractionOf(b));
}

function fractionOf({ setting: { fraction } }: Cell): number {
  return typeof fraction === 'number' ? fraction : 1;
}

function rest({ setting: { fraction: _, ...others } }: Cell): Varied {
  return others;
}

function restId(cell: Cell): string {
  return variedId(rest(cell));
}

/** `weight decay 0.1, alpha 0.5`: keys of the recipe as words. */
function worded(setting: Varied): string {
  return describe(
    Object.fromEntries(
      Object.entries(setting).map(([key, value]) => [
        key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
        value,
      ]),
    ),
  );
}

function meanOf({ bySeed }: Cell): number {
  return meanInterval([...bySeed.values()]).mean;
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

function hedged(sentence: string, isWhole: boolean): string {
  return isWhole ? sentence : `So far: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
