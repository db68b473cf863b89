import type { BillLine, DraftBill } from '../../engine/billing/bill.ts';
import { sumOf } from '../../kernel/decimal.ts';
import { writeExact } from '../../kernel/exact-json.ts';
import { parseJson, writeJson } from '../../kernel/json.ts';
import type { Row } from '../../store/database.ts';
import type { BillRow, LineRow } from './bill-rows.ts';
import { MEMO_TYPES } from './existing-bills.ts';

/** One field that is not what it was; null where the line or the field is missing. */
export type Difference = {
  /** Null for a field of the bill itself. */
  readonly lineKey: string | null;
  readonly lineItemType: string | null;
  readonly description: string | null;
  readonly field: string;
  readonly stored: string | null;
  readonly recalculated: string | null;
};

const BILL_FIELDS = [
  ...['startDate', 'endDate', 'billDate', 'dueDate', 'externalInvoiceDate', 'billingFrequency'],
  ...['billFrequencyInterval', 'currency', 'currencyConversions', 'purchaseOrderNumber'],
];

/**
 * Every difference between a stored bill and its recalculation, field by field in the order of the bill.
 * Credits and debits that people have put on it are no part of the calculation.
 */
export function billDifferences(
  bill: BillRow,
  stored: readonly LineRow[],
  draft: DraftBill,
): readonly Difference[] {
  const before = stored.filter((line) => !isMemo(line.lineItemType));
  const after = draft.lines.filter((line) => !isMemo(line.lineItemType));
  const head = BILL_FIELDS.map((field) => [field, bill[field], (draft as Row)[field]] as const);
  const totals = [before, after].map((lines) => sumOf(lines.map((line) => line.convertedSubtotal)));
  const ofBill = [...head, ['calculatedTotal', totals[0], totals[1]] as const].flatMap((change) =>
    differenceOf(null, change),
  );
  return [...ofBill, ...lineDifferences(before, after)];
}

function isMemo(type: string): boolean {
  return (MEMO_TYPES as readonly string[]).includes(type);
}

function lineDifferences(before: readonly LineRow[], after: readonly BillLine[]): readonly Difference[] {
  const calculated = new Map(after.map((line) => [line.key, line]));
  const known = new Set(before.map((line) => line.key));
  return [
    ...before.flatMap((line) => {
      const next = calculated.get(line.key);
      if (next === undefined) return differenceOf(line, ['line', line.convertedSubtotal, undefined]);
      return shownFields(next).flatMap(([field, value]) => differenceOf(line, [field, line[field], value]));
    }),
    ...after
      .filter((line) => !known.has(line.key))
      .flatMap((line) => differenceOf(line, ['line', undefined, line.convertedSubtotal])),
  ];
}

/** All but the reason, of which a release may tell more than the one before. */
function shownFields(line: BillLine): readonly (readonly [string, unknown])[] {
  return Object.entries(line).filter(([field]) => field !== 'reason');
}

type Named = { readonly key: string; readonly lineItemType: string; readonly description: string };

function differenceOf(
  line: Named | null,
  [field, before, after]: readonly [string, unknown, unknown],
): readonly Difference[] {
  const [stored, recalculated] = [comparable(before), comparable(after)];
  if (stored === recalculated) return [];
  return [
    {
      lineKey: line?.key ?? null,
      lineItemType: line?.lineItemType ?? null,
      description: line?.description ?? null,
      field,
      stored,
      recalculated,
    },
  ];
}

/** The value as the stores keep it: without nulls, in any order of properties. */
function comparable(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = writeExact(parseJson(writeJson(value)));
  return text.replace(/"~d([^"]*)"/g, '$1').replace(/^"(.*)"$/, '$1');
}
