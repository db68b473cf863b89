import type { BilledPeriod, BillStamp } from '../../engine/billing/bill.ts';
import { Temporal } from '../../kernel/time.ts';

/** What jsonb makes of a value: dates have become text. */
export type Stored<T> = {
  readonly [K in keyof T]: T[K] extends Temporal.PlainDate | null ? string | null : T[K];
};

/** The stamp of a bill as it was stored. */
export function stampFromJson(stored: Stored<BillStamp>): BillStamp {
  return {
    timezone: stored.timezone,
    targetCurrency: stored.targetCurrency,
    currencyConversions: stored.currencyConversions,
    dayEpoch: dateFrom(stored.dayEpoch),
    weekEpoch: dateFrom(stored.weekEpoch),
    monthEpoch: dateFrom(stored.monthEpoch),
    yearEpoch: dateFrom(stored.yearEpoch),
    billDate: dateFrom(stored.billDate),
    dueDate: dateFrom(stored.dueDate),
    externalInvoiceDate: dateFrom(stored.externalInvoiceDate),
  };
}

export type StoredPeriod = Omit<BilledPeriod, 'period' | 'openedUntil'> & {
  readonly period: { readonly start: string; readonly end: string } | null;
  /** Bills from before it was stored have none. */
  readonly openedUntil?: string | null;
};

/** The periods that a bill closed, as they were stored with it. */
export function periodsFromJson(stored: readonly StoredPeriod[]): readonly BilledPeriod[] {
  return stored.map(({ period, openedUntil, ...rest }) => ({
    ...rest,
    openedUntil: dateFrom(openedUntil ?? null),
    period: period && {
      start: Temporal.PlainDate.from(period.start),
      end: Temporal.PlainDate.from(period.end),
    },
  }));
}

function dateFrom(text: string | null): Temporal.PlainDate | null {
  return text === null ? null : Temporal.PlainDate.from(text);
}
