import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { date, oneOf, optional } from '../../api/fields.ts';
import { dateParameter, enumParameter } from '../../api/filters.ts';
import type { PlainDate } from '../../kernel/time.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { externalInvoiceDateConditions } from './list-bills.ts';

export const EXTERNAL_SYSTEMS = ['STANDARD', 'XERO'] as const;

/** Which bills a CSV file holds, as a body says it. */
export const billCsvBody = z.object({
  startDate: optional(date()),
  endDate: optional(date()),
  externalInvoiceDateStart: optional(date()),
  externalInvoiceDateEnd: optional(date()),
  externalSystem: optional(oneOf(EXTERNAL_SYSTEMS)),
});

/** The same as query parameters. */
export const billCsvQuery = z.object({
  startDate: dateParameter(),
  endDate: dateParameter(),
  externalInvoiceDateStart: dateParameter(),
  externalInvoiceDateEnd: dateParameter(),
  externalSystem: enumParameter(EXTERNAL_SYSTEMS),
});

type Dates = {
  readonly [name in 'startDate' | 'endDate' | 'externalInvoiceDateStart' | 'externalInvoiceDateEnd']?:
    | PlainDate
    | null
    | undefined;
};

const PAIRS = [
  ['startDate', 'endDate'],
  ['externalInvoiceDateStart', 'externalInvoiceDateEnd'],
] as const;

const MAX_DAYS = 31;

/**
 * The bills of one range of dates, or of both (spec 40 §4.8). Throws VALIDATION_FAILED for a range without an
 * end or longer than 31 days, for none, and with `onlyOne` for both.
 */
export function billCsvConditions(dates: Dates, { onlyOne }: { readonly onlyOne: boolean }): Condition[] {
  const given = PAIRS.filter(([start, end]) => isGiven(dates[start]) || isGiven(dates[end]));
  if (given.length === 0) throw refused('startDate', 'and endDate are required');
  if (onlyOne && given.length > 1) {
    throw refused('externalInvoiceDateStart', 'cannot be combined with startDate and endDate');
  }
  for (const [start, end] of given) refuseBadRange(dates, start, end);
  const { startDate, endDate, externalInvoiceDateStart, externalInvoiceDateEnd } = dates;
  const invoiced = {
    externalInvoiceDateStart: externalInvoiceDateStart ?? undefined,
    externalInvoiceDateEnd: externalInvoiceDateEnd ?? undefined,
  };
  const period =
    isGiven(startDate) && isGiven(endDate)
      ? [sql<boolean>`start_date >= ${startDate}`, sql<boolean>`end_date <= ${endDate}`]
      : [];
  return [...period, ...externalInvoiceDateConditions(invoiced)];
}

function isGiven(value: PlainDate | null | undefined): value is PlainDate {
  return value !== null && value !== undefined;
}

function refuseBadRange(dates: Dates, start: keyof Dates, end: keyof Dates): void {
  const [first, last] = [dates[start], dates[end]];
  if (!isGiven(first)) throw refused(start, `is required with ${end}`);
  if (!isGiven(last)) throw refused(end, `is required with ${start}`);
  if (Temporal.PlainDate.compare(last, first) < 0) throw refused(end, `must not be before ${start}`);
  const { days } = first.until(last, { largestUnit: 'days' });
  if (days > MAX_DAYS) throw refused(end, `must be at most ${MAX_DAYS} days after ${start}`);
}

function refused(field: string, message: string) {
  return fieldsRefused([{ field, message }]);
}
