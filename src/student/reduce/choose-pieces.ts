/** Which pieces of a vocabulary stay when it is reduced. */
import { isExtraId, type Vocabulary } from './tokenizer-json.ts';

export interface PieceWishes {
  /** Ids that the texts use, and how often. */
  used: ReadonlyMap<number, number>;
  /** Ids that must have a row: special ones, and those that configurations mention. */
  special: Iterable<number>;
  /** Pieces in all, or null for no more than must be kept. What must be kept wins over a smaller size. */
  size: number | null;
  /** Of the used pieces, only as many as `size` has room for must be kept: the rarest can go. */
  dropRare: boolean;
  keepExtraIds: boolean;
}

export interface PieceChoice {
  /** Old ids, ascending: a piece's new id is its position here. */
  kept: Int32Array;
  /** How many of them had to be kept. */
  required: number;
}

/**
 * Chooses so that a text whose pieces are all kept is segmented as before. The best path through the lattice of its
 * pieces is among the paths that are left, and no path is better than it was: sums of scores are monotone, rounded or
 * not, so that the best path meets no new rival and, where paths tie, keeps its place among those that are left. Two
 * rules see to it that no path gets better:
 *
 * - the lowest score stays: the unknown piece's own is 10 below it, and would rise with it;
 * - of equal pieces, one that a later one hides never stays without that: it would come to light with its own score.
 *
 * Single characters stay so that no text, of whatever words, has more unknown characters than before. With `dropRare`,
 * used pieces that have a character that is not a piece stay for the same reason.
 */
export function choosePieces(vocabulary: Vocabulary, wishes: PieceWishes): PieceChoice {
  const { pieces, scores } = vocabulary;
  const { used, size } = wishes;
  const isSentinel = (id: number): boolean =>
    !wishes.keepExtraIds && vocabulary.addedIds.has(id) && isExtraId(pieces[id] ?? '');
  const keep = new Set<number>(wishes.special);
  const isSpare = (id: number): boolean => {
    const characters = Array.from(pieces[id] ?? '');
    return wishes.dropRare && size !== null && characters.every((one) => vocabulary.idOf(one) !== null);
  };
  for (const id of used.keys()) if (!isSpare(id)) keep.add(id);
  for (const id of vocabulary.addedIds) if (!isSentinel(id)) keep.add(id);
  const bytes = vocabulary.json.model.byte_fallback === true;
  let lowest = 0;
  scores.forEach((score, id) => {
    const piece = pieces[id] ?? '';
    if (isSingle(piece) || (bytes && /^<0x[0-9A-F]{2}>$/.test(piece))) keep.add(id);
    if (score < scores[lowest]!) lowest = id;
  });
  if (scores.length > 0) keep.add(lowest);
  for (const id of [...keep]) {
    const reached = vocabulary.idOf(pieces[id] ?? '');
    if (reached !== null) keep.add(reached);
  }
  const required = keep.size;

  const others = [...scores.keys()].filter(
    (id) => !keep.has(id) && !isSentinel(id) && vocabulary.isReached(id),
  );
  // Used ones first, by use; then by score. Stable: of equally frequent pieces the first comes first.
  const uses = (id: number): number => used.get(id) ?? 0;
  others.sort((a, b) => uses(b) - uses(a) || scores[b]! - scores[a]!);
  for (const id of others.slice(0, Math.max(0, (size ?? 0) - required))) keep.add(id);
  return { kept: Int32Array.from(keep).sort(), required };
}

function isSingle(piece: string): boolean {
  const [first, ...rest] = piece;
  return first !== undefined && rest.length === 0;
}
