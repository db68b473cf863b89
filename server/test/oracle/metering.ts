import { Decimal, decimal, maxOf, minOf, sumOf } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { before, type Piece } from './calendar.ts';
import type { Metric, Organization, Use } from './organization.ts';

/** How decimal.js numbers its rounding modes. */
type Rounding = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Which measurements: of these accounts together, in a piece of time, in a segment. */
export type Question = {
  readonly metric: Metric;
  readonly accounts: readonly string[];
  readonly during: Piece;
  readonly segment: readonly string[] | null;
  /** Whether a measurement is rated elsewhere. */
  readonly isApart: (use: Use) => boolean;
};

/** Spec 20 §11.2, §11.3: the value of the metric; null when nothing was measured and it has no default. */
export function quantityOf(organization: Organization, question: Question): Decimal | null {
  return measuredValue(organization, question) ?? question.metric.default;
}

/** The same without the default. */
export function measuredValue(organization: Organization, question: Question): Decimal | null {
  const uses = organization.uses.filter((use) => counts(use, question));
  return uses.length === 0 ? null : methodValue(question.metric.method, uses);
}

function counts(use: Use, { metric, accounts, during, segment, isApart }: Question): boolean {
  if (use.metric !== metric.id || !accounts.includes(use.account) || isApart(use)) return false;
  if (before(use.at, during.start) || !before(use.at, during.end)) return false;
  if (segment === null) return true;
  return segmentOf(use, metric)?.join('/') === segment.join('/');
}

function methodValue(method: string, uses: readonly Use[]): Decimal {
  const values = uses.map((use) => use.value);
  if (method === 'SUM') return sumOf(values);
  if (method === 'COUNT') return decimal(values.length);
  if (method === 'MAX') return values.reduce(maxOf);
  if (method === 'MIN') return values.reduce(minOf);
  if (method === 'MEAN') return sumOf(values).div(values.length);
  const latest = [...uses].sort((a, b) => Temporal.Instant.compare(a.at, b.at)).at(-1);
  return latest?.value ?? decimal(0);
}

/**
 * Spec 20 §11.5: of the segments that match, the one with the fewest wildcards; on a tie the one that is
 * exact where they first differ.
 */
export function segmentOf(use: Use, metric: Metric): readonly string[] | null {
  const matching = metric.segments.filter((segment) =>
    segment.every((value, i) => value === '*' || value === use.where[metric.fields[i] ?? '']),
  );
  const ranked = [...matching].sort((a, b) => rank(a).localeCompare(rank(b)));
  return ranked[0] ?? null;
}

/** First the number of wildcards, then where they stand. */
function rank(segment: readonly string[]): string {
  const wild = segment.map((value) => (value === '*' ? '1' : '0')).join('');
  return `${segment.filter((value) => value === '*').length} ${wild}`;
}

/** Spec 20 §11.4: units of a quantity; a negative quantity is rated as 0 units (spec 30 §7.1). */
export function unitsOf(quantity: Decimal, { per, rounding }: Metric): Decimal {
  const exact = quantity.div(per);
  const modes: Record<string, Rounding> = {
    UP: Decimal.ROUND_UP,
    DOWN: Decimal.ROUND_DOWN,
    NEAREST: Decimal.ROUND_HALF_UP,
  };
  const mode = modes[rounding];
  const units = mode === undefined ? exact : exact.toDecimalPlaces(0, mode);
  return maxOf(units, decimal(0));
}
