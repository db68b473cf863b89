// Spec 50 §13.1: the part of each commitment that is still to be met, month by month.
import { type Decimal, ONE } from '../../kernel/decimal.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { CurrencyRule } from '../money/rounding.ts';
import { splitAmount } from '../money/split.ts';

/** What is left of a commitment, in its currency, and the first date on which it is over. */
export type OpenCommitment = {
  readonly id: string;
  readonly left: Decimal;
  readonly endDate: PlainDate;
  readonly currency: CurrencyRule;
};

/** A month such as `2025-07` with the commitments' parts by their ids. */
export type Obligation = {
  readonly dateMonth: string;
  readonly obligations: Readonly<Record<string, Decimal>>;
};

/**
 * What is left, in equal parts from the month of `today` to that of the last active day; the last part takes
 * what rounding leaves. 1000 left on 10 July until 1 October: 333.33, 333.33 and 333.34.
 */
export function obligationsOf(
  commitments: readonly OpenCommitment[],
  today: PlainDate,
): readonly Obligation[] {
  const months = new Map<string, Record<string, Decimal>>();
  for (const commitment of commitments) {
    const names = monthsFrom(today, commitment.endDate.subtract({ days: 1 }));
    if (names.length === 0 || !commitment.left.gt(0)) continue;
    const parts = partsOf(commitment, names.length);
    names.forEach((name, at) => {
      const part = parts[at];
      if (part !== undefined) months.set(name, { ...months.get(name), [commitment.id]: part });
    });
  }
  return [...months].sort().map(([dateMonth, obligations]) => ({ dateMonth, obligations }));
}

/** The months from the one of a date to the one of another, both included. */
function monthsFrom(first: PlainDate, last: PlainDate): readonly string[] {
  const start = first.toPlainYearMonth();
  const { months } = start.until(last.toPlainYearMonth(), { largestUnit: 'months' });
  if (months < 0) return [];
  return Array.from({ length: months + 1 }, (_, at) => start.add({ months: at }).toString());
}

/** Where the currency forbids rounding, the parts keep all their digits. */
function partsOf({ left, currency }: OpenCommitment, count: number): readonly Decimal[] {
  const weights = Array.from({ length: count }, () => ONE);
  const parts = splitAmount(left, weights, currency);
  return isFailure(parts) ? weights.map(() => left.div(count)) : parts;
}

function isFailure(parts: ReturnType<typeof splitAmount>): parts is Extract<typeof parts, { kind: string }> {
  return !Array.isArray(parts);
}
