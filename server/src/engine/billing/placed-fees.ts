// Spec 50 §4.6: which agreed fees of one date are on bills that stand, and how the others are told apart.
import { isDecimal } from '../../kernel/decimal.ts';
import type { BilledFeeLine } from './billed-fees.ts';
import type { DueFee } from './due-fees.ts';

type AgreedFee = Pick<DueFee, 'amount' | 'service'>;

/** A fee that is still to be billed; its place among those of its date is the end of its key. */
type PlacedFee<T> = { readonly fee: T; readonly place: number };

/**
 * Of the agreed fees of one date, in their order, those that no standing line is for. Any line is for the
 * fee with its amount and service period, wherever that one is listed now. A standing line without such a
 * fee is for one that has been changed since: the one in the line's place, else the first. What is on no
 * line gets the places that are free. With a standing line of 300 in place 0: of 200 and 300 the 200 is left,
 * in place 1; of 350 alone nothing is.
 */
export function placedFees<T extends AgreedFee>(
  fees: readonly T[],
  lines: readonly BilledFeeLine[],
): readonly PlacedFee<T>[] {
  const unmatched = fees.map((fee, place) => ({ fee, place }));
  const places = new Map<T, number>();
  const changed: number[] = [];
  for (const line of oneOfEachKey(lines)) {
    const found = taken(unmatched, ({ fee }) => isSameFee(fee, line));
    if (found !== undefined && line.open !== null) places.set(found.fee, placeOf(line));
    if (found === undefined && line.open === null) changed.push(placeOf(line));
  }
  for (const place of changed) {
    const found = taken(unmatched, (one) => one.place === place);
    if (found === undefined) unmatched.shift();
  }
  const standing = lines.filter((line) => line.open === null).map(placeOf);
  const used = new Set([...places.values(), ...standing]);
  for (const { fee } of unmatched) {
    const place = firstFree(used);
    used.add(place);
    places.set(fee, place);
  }
  return fees.flatMap((fee) => {
    const place = places.get(fee);
    return place === undefined ? [] : [{ fee, place }];
  });
}

/** Standing ones first; a fee that was once billed twice has two lines of one key. */
function oneOfEachKey(lines: readonly BilledFeeLine[]): readonly BilledFeeLine[] {
  const standing = lines.filter((line) => line.open === null);
  const open = lines.filter((line) => line.open !== null);
  const byKey = new Map([...standing, ...open].toReversed().map((line) => [line.key, line]));
  return [...byKey.values()].toReversed();
}

/** Takes the first row that fits out of the list. */
function taken<T>(rows: T[], fits: (row: T) => boolean): T | undefined {
  const at = rows.findIndex(fits);
  return at < 0 ? undefined : rows.splice(at, 1)[0];
}

function isSameFee({ amount, service }: AgreedFee, line: BilledFeeLine): boolean {
  if (!isDecimal(amount) || !amount.eq(line.amount)) return false;
  if (line.service === undefined) return true;
  return service.start.equals(line.service.start) && service.end.equals(line.service.end);
}

function placeOf({ key }: BilledFeeLine): number {
  return Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10);
}

function firstFree(used: ReadonlySet<number>): number {
  let place = 0;
  while (used.has(place)) place += 1;
  return place;
}
