// Spec 50 §6.3, 40 §15.3: the part of a charge that is due for the time in which a credit is active.
import { present } from '../../kernel/assert.ts';
import { type Decimal, maxOf, minOf, ZERO } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Cycle } from '../calendar/cycle.ts';
import { type ClosedSpan, clippedSpan } from '../calendar/local-dates.ts';
import { prorationFactor } from '../calendar/proration.ts';
import type { UsageQuery } from '../metering/usage-query.ts';
import { dividedFractions, type Fraction, fraction, NONE, WHOLE } from '../money/fraction.ts';
import type { Calculation } from './calculation.ts';
import type { Draft, DraftLine } from './draft.ts';
import { type Pool, poolIn, poolOf } from './pool.ts';
import { answerTo, type Question, questionOf } from './question.ts';
import type { RatedWindow } from './rated-window.ts';
import { receivedBefore } from './scheduled-slots.ts';
import { isWithin } from './service-span.ts';
import { servicePeriod } from './time-charge.ts';

/** A line, the time of a credit, and the draft that the line belongs to. */
export type Sharing = {
  readonly draft: Draft;
  readonly calculation: Calculation;
  readonly line: DraftLine;
  readonly window: ClosedSpan;
};

/** The part of the line's service period that lies in the window; null when none does. */
export function spanInWindow({ line, window }: Omit<Sharing, 'draft' | 'calculation'>): ClosedSpan | null {
  const service = servicePeriod(line);
  const isMoment = service.start.equals(service.end);
  if (isMoment || line.lineItemType === 'AD_HOC') return isWithin(service.start, window) ? service : null;
  return clippedSpan(service, [window]);
}

/** What must be known of the measurements before `windowShare` can tell; null when nothing. */
export function shareQuestion(sharing: Sharing): UsageQuery | null {
  return questionInWindow(sharing)?.query ?? null;
}

/**
 * The share of the line in the window, from 0 to 1. Usage that adds up counts by what was measured in
 * it: 120 of 300 are 120/300; everything else by its days: 10 of 31 are 10/31.
 */
export function windowShare(sharing: Sharing): Fraction {
  const { line, calculation } = sharing;
  const service = servicePeriod(line);
  const inside = spanInWindow(sharing);
  if (inside === null) return NONE;
  if (isSame(inside, service)) return WHOLE;
  const question = questionInWindow(sharing);
  if (question !== null) return quantityShare(answerTo(calculation.answers, question) ?? ZERO, line);
  const { timezone } = calculation.slot.stamp;
  return dividedFractions(daysOf(inside, timezone), daysOf(service, timezone));
}

function isSame(a: ClosedSpan, b: ClosedSpan): boolean {
  return a.start.equals(b.start) && a.end.equals(b.end);
}

/** Negative measurements can make a part larger than the whole: nobody pays for more than the line. */
function quantityShare(measured: Decimal, { quantity }: DraftLine): Fraction {
  return fraction(minOf(maxOf(measured, ZERO), quantity), quantity);
}

const DAYS: Cycle = { frequency: 'DAILY', interval: 1, epoch: Temporal.PlainDate.from('2000-01-01') };

/** Local days with their parts: time on the wall clock divided by 24 hours (spec 40 §3.5). */
function daysOf(span: ClosedSpan, zone: string): Fraction {
  return prorationFactor(DAYS, span, zone);
}

const ADDITIVE = ['SUM', 'COUNT'];

/**
 * The question for the line's quantity in the window, where that can be asked for and is not the whole
 * line.
 */
function questionInWindow(sharing: Sharing): Question | null {
  const { draft, line } = sharing;
  const inside = spanInWindow(sharing);
  if (line.lineItemType !== 'USAGE' || inside === null || isSame(inside, servicePeriod(line))) return null;
  const rated = ratedOf(draft, line);
  const { metric } = rated;
  if (metric.kind === 'COMPOUND' || !line.quantity.gt(0)) return null;
  if (!ADDITIVE.includes(metric.row.definition.method)) return null;
  return questionOf({
    aggregation: metric.row.definition,
    segment: rated.pricing.segment,
    pool: poolBehind(sharing, rated, inside),
    span: inside,
    filters: rated.attached.contract?.usageFilters ?? [],
    receivedBefore: receivedBefore(sharing.calculation, rated.attached),
  });
}

/** The rated window that a usage line is of, whole or in part. */
export function ratedOf(draft: Draft, line: DraftLine): RatedWindow {
  return present(
    draft.rated.find((window) => isRatedOf(window, line)),
    `the rating of ${line.key}`,
  );
}

function isRatedOf(rated: RatedWindow, line: DraftLine): boolean {
  return (
    rated.attached.key === line.attachedKey &&
    rated.pricing.id === line.pricingId &&
    rated.pricing.type === 'DEBIT' &&
    rated.span.start.equals(line.servicePeriodStartDate)
  );
}

const NOBODY: Pool = { accounts: [], absences: [] };

/**
 * Whose measurements in a span made the line: one account's where the block was split, else those of the
 * whole pool.
 */
function poolBehind(
  { calculation, line }: Sharing,
  { attached, shares }: RatedWindow,
  span: ClosedSpan,
): Pool {
  const pool = poolIn(calculation, attached, span);
  if (shares.length === 1) return pool;
  const account = pool.accounts.find(({ id }) => id === line.reason.accountId);
  return account === undefined ? NOBODY : poolOf(pool, account);
}
