import type { Row } from '../../store/database.ts';
import type { BillRow, LineRow } from './bill-rows.ts';

/** Columns that are kept for later calculations only, or answered under another name. */
const HIDDEN_COLUMNS: ReadonlySet<string> = new Set([
  'orgId',
  'gridDate',
  'groupKey',
  'frequencyKey',
  'startDateTimeUtc',
  'endDateTimeUtc',
  'stamp',
  'periods',
  'billTotal',
  'contentVersion',
]);

/** A bill as the API answers it (spec 40 §4.1), without lines and total. */
export function billAnswer(bill: BillRow): Row {
  return {
    startDateTimeUTC: bill['startDateTimeUtc'],
    endDateTimeUTC: bill['endDateTimeUtc'],
    createdDate: bill.dtCreated,
    ...without(bill, HIDDEN_COLUMNS),
  };
}

/** A bill with its total and its lines, as reads of one bill answer it. */
export function wholeBillAnswer(bill: BillRow, lines: readonly LineRow[]): Row {
  return { billTotal: bill.billTotal, lineItems: lines.map(embeddedLineAnswer), ...billAnswer(bill) };
}

const ENVELOPE = ['version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];
const LINE_INTERNALS = ['orgId', 'key', 'reason'];
const HIDDEN_IN_BILL: ReadonlySet<string> = new Set([...LINE_INTERNALS, ...ENVELOPE, 'billId']);

/** A line inside of its bill: bands are `usagePerPricingBand`, there is no envelope (spec 40 §5.2). */
export function embeddedLineAnswer(line: LineRow): Row {
  return without(line, HIDDEN_IN_BILL);
}

/** A line that was read together with its bill's `jsonStatementGenerated`. */
type LineOfBill = LineRow & { readonly jsonStatementGenerated?: boolean };

/** Lines that charge for measurements: statements show them (spec 40 §10.5). */
export const USAGE_TYPES = ['USAGE', 'OVERAGE_USAGE', 'USAGE_CREDIT'];

const HIDDEN_ALONE: ReadonlySet<string> = new Set([
  ...LINE_INTERNALS,
  ...['usagePerPricingBand', 'childAccountId', 'childAccountCode', 'jsonStatementGenerated'],
]);

/** A line by itself: bands are `bandUsage`; it has envelope and bill, but no child account (spec 40 §4.5). */
export function lineItemAnswer(line: LineOfBill): Row {
  const { lineItemType, usagePerPricingBand: bandUsage, jsonStatementGenerated = false } = line;
  const jsonUsageGenerated = jsonStatementGenerated && USAGE_TYPES.includes(lineItemType);
  return { bandUsage, jsonUsageGenerated, ...without(line, HIDDEN_ALONE) };
}

function without(row: Row, hidden: ReadonlySet<string>): Row {
  const answer: Row = {};
  for (const name of Object.keys(row)) if (!hidden.has(name)) answer[name] = row[name];
  return answer;
}
