import type { BillIdentity, BillLine, DraftBill } from '../../engine/billing/bill.ts';
import { readExact, writeExact } from '../../kernel/exact-json.ts';
import { type Instant, localDate, startOfDate } from '../../kernel/time.ts';
import type { KeptFacts } from './bill-fact-parts.ts';

/** Facts and answers of one bill, enough to calculate it anywhere. */
export type BillCase = KeptFacts & { readonly identity: BillIdentity };

/** The case as indented JSON, for a file that people read and compare. */
export function writeBillCase({ identity, facts, answers }: BillCase): string {
  const { accountId, gridDate, groupKey, frequencyKey } = identity;
  const text = writeExact({ identity: { accountId, gridDate, groupKey, frequencyKey }, facts, answers });
  return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
}

/** The case that `writeBillCase` wrote. */
export function readBillCase(text: string): BillCase {
  return readExact(text) as BillCase;
}

type Cell = { readonly text: string; readonly right?: boolean };

/** A bill as an aligned table: its head, a row for each line and each of its bands, the total. */
export function billCaseText(bill: DraftBill): string {
  const rows = bill.lines.flatMap((line) => [lineCells(line, bill), ...bandRows(line)]);
  const total = cells('TOTAL', '', '', '', '', amountText(bill.billTotal.toFixed(), bill.currency));
  const table = [...rows, total];
  const widths = total.map((_, i) => Math.max(...table.map((row) => row[i]?.text.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map(({ text, right }, i) => (right ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `${[headText(bill), '', ...lines].join('\n')}\n`;
}

function headText(bill: DraftBill): string {
  const { billingFrequency, billFrequencyInterval, billDate, dueDate, externalInvoiceDate, timezone } = bill;
  const frequency = `${billingFrequency}${billFrequencyInterval === null ? '' : `/${billFrequencyInterval}`}`;
  const dates = `dated ${billDate}, due ${dueDate}, invoice ${externalInvoiceDate}`;
  return `${frequency}  ${bill.startDate} → ${bill.endDate}  ${timezone}  ${dates}`;
}

function lineCells(line: BillLine, { timezone, currency }: DraftBill): readonly Cell[] {
  const span = [line.servicePeriodStartDate, line.servicePeriodEndDate].map((at) => dayText(at, timezone));
  const child = line.childAccountCode === null ? '' : ` [${line.childAccountCode}]`;
  return cells(
    line.lineItemType,
    span.join(' → '),
    `${line.description}${child}`,
    `${line.units.toFixed()} ${line.unit}`.trim(),
    amountText(line.subtotal.toFixed(), line.currency),
    amountText(line.convertedSubtotal.toFixed(), currency),
  );
}

function bandRows({ usagePerPricingBand: bands }: BillLine): readonly (readonly Cell[])[] {
  return (bands ?? []).map((band) => {
    const price = `${band.bandUnits.toFixed()} × ${band.unitPrice.toFixed()} + ${band.fixedPrice.toFixed()}`;
    return cells('', '', `  from ${band.lowerLimit.toFixed()}`, price, band.bandSubtotal.toFixed(), '');
  });
}

function cells(...texts: readonly [string, string, string, string, string, string]): readonly Cell[] {
  return texts.map((text, i) => ({ text, right: i > 2 }));
}

function amountText(digits: string, currency: string): string {
  return `${digits} ${currency}`;
}

/** The local date; with the time when it is not the start of it. */
function dayText(instant: Instant, zone: string): string {
  const date = localDate(instant, zone);
  if (startOfDate(date, zone).equals(instant)) return date.toString();
  return instant.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}
