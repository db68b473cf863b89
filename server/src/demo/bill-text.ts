import type { Decimal } from '../kernel/decimal.ts';
import type { JsonValue } from '../kernel/json.ts';
import type { Json } from './api-client.ts';

type Cell = { readonly text: string; readonly right: boolean };

const HEADINGS = ['', 'Service period', 'Quantity', 'Units', 'Average', 'Amount', 'Currency'];

/**
 * A bill as an aligned table: a head line, one row per line item with its amount in the bill's currency, the
 * total.
 */
export function billText(bill: Json, account: { readonly code: string; readonly name: string }): string {
  const lines = (bill['lineItems'] as readonly Json[] | undefined) ?? [];
  const currency = String(bill['currency']);
  const rows = [
    HEADINGS.map((text, i) => ({ text, right: i > 1 && i < 6 })),
    ...lines.map((line) => lineCells(line, currency)),
  ];
  const total = ['Total', '', '', '', '', money(bill['billTotal']), currency];
  rows.push(total.map((text, i) => ({ text, right: i > 1 && i < 6 })));
  const widths = HEADINGS.map((_, i) => Math.max(...rows.map((row) => row[i]?.text.length ?? 0)));
  const width = widths.reduce((sum, next) => sum + next + 2, -2);
  const table = rows.map((row) =>
    row
      .map((cell, i) => aligned(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = '-'.repeat(width);
  const span = `${bill['startDate']} to ${bill['endDate']}`;
  const head = `${account.name} (${account.code})  ${span}  due ${bill['dueDate']}`;
  return [head, rule, ...table.slice(0, -1), rule, table.at(-1), ''].join('\n');
}

function aligned(cell: Cell, width: number): string {
  return cell.right ? cell.text.padStart(width) : cell.text.padEnd(width);
}

function lineCells(line: Json, currency: string): Cell[] {
  const child = line['childAccountCode'] ? `${String(line['childAccountCode'])}: ` : '';
  const from = String(line['servicePeriodStartDate'] ?? '').slice(0, 10);
  const to = String(line['servicePeriodEndDate'] ?? '').slice(0, 10);
  return [
    { text: `${child}${String(line['description'])}`, right: false },
    { text: `${from} > ${to}`, right: false },
    { text: number(line['quantity'], 2), right: true },
    { text: `${number(line['units'], 2)} ${String(line['unit'])}`.trim(), right: true },
    { text: number(line['averageUnitPrice'], 6), right: true },
    { text: money(line['convertedSubtotal']), right: true },
    { text: currency, right: false },
  ];
}

function money(value: JsonValue | undefined): string {
  return grouped((value as Decimal).toFixed(2));
}

/** At most so many places, thousands apart. */
function number(value: JsonValue | undefined, places: number): string {
  return grouped((value as Decimal).toDecimalPlaces(places).toFixed());
}

function grouped(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}
