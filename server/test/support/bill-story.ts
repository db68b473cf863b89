import type { BillIdentity, BillLine, DraftBill } from '../../src/engine/billing/bill.ts';
import { calculateBills } from '../../src/engine/billing/calculate-bills.ts';
import type { BillFacts, BillTarget, ExistingBillFacts } from '../../src/engine/billing/facts.ts';
import type { Segment, UsageAnswer, UsageQuery } from '../../src/engine/metering/usage-query.ts';
import { decimal, maxOf, sumOf } from '../../src/kernel/decimal.ts';
import { type Instant, localDate, startOfDate, Temporal } from '../../src/kernel/time.ts';
import { at } from './bill-facts.ts';

/** One measurement; `of` is the aggregation that sees it. */
export type Measured = {
  readonly account?: string;
  readonly of?: string;
  readonly at: string;
  readonly value: number | string;
  readonly segment?: Segment;
};

/** The answer of a store that holds exactly these measurements; SUM and MAX are known. */
export function answerFrom(measured: readonly Measured[], query: UsageQuery): UsageAnswer {
  const rows = measured.filter(
    (row) =>
      (row.of ?? 'calls') === query.aggregation.id &&
      query.accountIds.includes(row.account ?? 'acme') &&
      Temporal.Instant.compare(query.start, at(row.at)) <= 0 &&
      Temporal.Instant.compare(at(row.at), query.end) < 0 &&
      !isAbsent(query, { account: row.account ?? 'acme', moment: at(row.at) }),
  );
  const segments = [
    ...new Map(rows.map((row) => [JSON.stringify(row.segment ?? null), row.segment ?? null])).values(),
  ];
  return segments.map((segment) => {
    const values = rows
      .filter((row) => JSON.stringify(row.segment ?? null) === JSON.stringify(segment))
      .map((row) => decimal(row.value));
    const value = query.aggregation.method === 'MAX' ? values.reduce(maxOf) : sumOf(values);
    return { segment, value };
  });
}

/** Whether the question leaves out what the account used at a moment. */
export function isAbsent(
  { absences = [] }: UsageQuery,
  { account, moment }: { readonly account: string; readonly moment: Instant },
): boolean {
  return absences.some(
    ({ accountId, start, end }) =>
      accountId === account &&
      Temporal.Instant.compare(start, moment) <= 0 &&
      Temporal.Instant.compare(moment, end) < 0,
  );
}

/** Asks and answers until the calculation is done. */
export function calculated(given: BillFacts, measured: readonly Measured[] = []) {
  const answers = new Map<string, UsageAnswer>();
  for (let round = 0; round < 8; round += 1) {
    const result = calculateBills(given, answers);
    if (result.kind === 'bills') return result;
    for (const query of result.queries) answers.set(query.key, answerFrom(measured, query));
  }
  throw new Error('eight rounds of questions');
}

function nameOf({ accountId, gridDate, frequencyKey, groupKey }: BillIdentity): string {
  const group = groupKey === 'default' ? [] : [groupKey];
  return [accountId, gridDate, frequencyKey, ...group].join(' ');
}

/** The bills as an existing record, as the shell would store and load them. */
export function stored(bills: readonly DraftBill[]): readonly ExistingBillFacts[] {
  return bills.map((bill) => ({
    id: bill.existingBillId ?? `bill ${nameOf(bill.identity)}`,
    identity: bill.identity,
    locked: false,
    startDate: bill.startDate,
    endDate: bill.endDate,
    billDate: bill.billDate,
    stamp: bill.stamp,
    periods: bill.periods,
    lines: bill.lines,
    memoLines: [],
  }));
}

/** Runs one job after the other, each seeing the bills of those before; answers the bills of each. */
export function jobs(
  given: BillFacts,
  targets: readonly (BillTarget | readonly [BillTarget, Partial<BillFacts>])[],
  measured: readonly Measured[] = [],
): readonly (readonly DraftBill[])[] {
  let bills: readonly ExistingBillFacts[] = given.bills;
  let rows = given;
  return targets.map((entry) => {
    const [target, change] = 'kind' in entry ? [entry, {}] : entry;
    rows = { ...rows, ...change, bills, target };
    const result = calculated(rows, measured);
    const made = stored(result.bills);
    bills = [...bills.filter((bill) => !made.some((one) => one.id === bill.id)), ...made];
    return result.bills;
  });
}

/** A line as text: type, local service dates, description, amount, and what else the line shows. */
export function lineText(line: BillLine, zone = 'UTC'): string {
  const dates = [line.servicePeriodStartDate, line.servicePeriodEndDate].map((instant) =>
    shortDate(instant, zone),
  );
  const amount = `${line.subtotal.toFixed(2)} ${line.currency}`;
  const converted = line.conversionRate.eq(1) ? '' : ` -> ${line.convertedSubtotal.toFixed(2)}`;
  const child = line.childAccountCode === null ? '' : ` [${line.childAccountCode}]`;
  return `${line.lineItemType} ${dates.join('..')} ${line.description}${child}: ${amount}${converted}`;
}

function shortDate(instant: Instant, zone: string): string {
  const date = localDate(instant, zone);
  const isMidnight = startOfDate(date, zone).equals(instant);
  const text = date.toString();
  return isMidnight
    ? text
    : instant.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** A bill as text: its lines, then the total. */
export function billText(bill: DraftBill): readonly string[] {
  return [
    ...bill.lines.map((line) => lineText(line, bill.timezone)),
    `TOTAL ${bill.billTotal.toFixed(2)} ${bill.currency}`,
  ];
}

/** The dates and other head fields of a bill as text, to compare by value. */
export function headText(bill: DraftBill) {
  return {
    period: `${bill.startDate}..${bill.endDate}`,
    billDate: `${bill.billDate}`,
    dueDate: `${bill.dueDate}`,
    externalInvoiceDate: `${bill.externalInvoiceDate}`,
    frequency: `${bill.billingFrequency}/${bill.billFrequencyInterval ?? '-'}`,
  };
}
