import { Decimal, sumOf } from '../../src/kernel/decimal.ts';
import type { Instant, PlainDate } from '../../src/kernel/time.ts';
import { dateIn, midnight } from './calendar.ts';
import type { Bill, Line } from './line.ts';

/** A line as everybody shows it: the oracle, the engine and the API. */
export type TextLine = Pick<
  Line,
  'type' | 'text' | 'child' | 'quantity' | 'units' | 'subtotal' | 'currency'
> & {
  readonly converted: Decimal;
  readonly start: Instant;
  readonly end: Instant;
};

export type TextBill = {
  readonly account: string;
  readonly date: PlainDate;
  readonly frequency: string;
  readonly from: PlainDate;
  readonly to: PlainDate;
  readonly currency: string;
  readonly lines: readonly TextLine[];
};

/** What the oracle calculated in the common form. */
export function textBillOf(bill: Bill): TextBill {
  const lines = bill.lines.map((line) => ({ ...line, start: line.service.start, end: line.service.end }));
  return { ...bill, account: bill.on.account, lines };
}

/** Bills by account, frequency and content, so that the order in which they were made does not matter. */
export function billsText(bills: readonly TextBill[], zone: string): string {
  const texts = bills.map((bill) => aligned(billRows(bill, zone)));
  return texts.sort().join('\n\n');
}

/** The same with the lines sorted and without the layout: for comparisons by content only. */
export function billsContent(text: string): string {
  const bills = text
    .trim()
    .split('\n\n')
    .map((bill) => {
      const [head = '', ...lines] = bill
        .trim()
        .split('\n')
        .map((line) => line.trim().replace(/\s+/g, ' '));
      return [head, ...lines.sort()].join('\n');
    });
  return bills.sort().join('\n\n');
}

function billRows(bill: TextBill, zone: string): readonly (readonly string[])[] {
  const period = `${bill.from} → ${bill.to}`;
  const total = sumOf(bill.lines.map((line) => line.converted));
  return [
    [`BILL ${bill.account} ${bill.date} ${bill.frequency}`, period],
    ...bill.lines.map((line) => lineRow(line, bill, zone)),
    ['TOTAL', '', '', '', money(total, bill.currency)],
  ];
}

function lineRow(line: TextLine, bill: TextBill, zone: string): readonly string[] {
  const child = line.child === null ? '' : ` [${line.child}]`;
  const amount = money(line.subtotal, line.currency);
  const isSame = line.currency === bill.currency && line.subtotal.eq(line.converted);
  return [
    line.type,
    `${momentText(line.start, zone)} → ${momentText(line.end, zone)}`,
    `${line.text}${child}`,
    unitsText(line),
    isSame ? amount : `${amount} = ${money(line.converted, bill.currency)}`,
  ];
}

/** Units where there is something to count, and the quantity when it is another number. */
function unitsText({ type, units, quantity }: TextLine): string {
  const isCounted = /USAGE|COUNTER/.test(type) && type !== 'OVERAGE_SURCHARGE';
  if (!isCounted && units.eq(1) && quantity.eq(1)) return '';
  const text = plainNumber(units);
  return text === plainNumber(quantity) ? `${text} u` : `${text} u of ${plainNumber(quantity)}`;
}

function plainNumber(value: Decimal): string {
  return value.toDecimalPlaces(6, Decimal.ROUND_HALF_UP).toString();
}

/** At least two places, and all that the amount has. */
function money(amount: Decimal, currency: string): string {
  return `${amount.toFixed(Math.max(2, amount.decimalPlaces()))} ${currency}`;
}

function momentText(moment: Instant, zone: string): string {
  const date = dateIn(moment, zone);
  if (midnight(date, zone).equals(moment)) return date.toString();
  return moment.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** Columns side by side, the last one (amounts) to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const [head = [], ...lines] = rows;
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...lines.map((row) => [...(row[i] ?? '')].length)));
  const texts = lines.map((row) =>
    row
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [head.join('  '), ...texts].join('\n');
}
