import { writeJsonWithout, writtenJson } from '../../kernel/json.ts';
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
  return withFieldsOf(bill, HIDDEN_COLUMNS, renamedFields(bill));
}

/** A bill with its total and its lines, as reads of one bill answer it. */
export function wholeBillAnswer(bill: BillRow, lines: readonly LineRow[]): Row {
  const { billTotal } = bill;
  const lineItems = lines.map(embeddedLineAnswer);
  return withFieldsOf(bill, HIDDEN_COLUMNS, Object.assign({ billTotal, lineItems }, renamedFields(bill)));
}

/** A bill with more lines leaves them out of its events (spec 60 §1.4). */
const MAX_LINES_IN_EVENT = 100;

/** A bill as its events tell of it; the lines are text already, because a job writes very many of them. */
export function billInEvent(bill: BillRow, lines: readonly LineRow[]): Row {
  const { orgId, billTotal } = bill;
  const body = withFieldsOf(bill, HIDDEN_COLUMNS, Object.assign({ orgId, billTotal }, renamedFields(bill)));
  if (lines.length > MAX_LINES_IN_EVENT) return body;
  const texts: string[] = [];
  for (const line of lines) texts.push(writeJsonWithout(HIDDEN_IN_BILL, line));
  return Object.assign(body, { lineItems: writtenJson(`[${texts.join()}]`) });
}

function renamedFields(bill: BillRow): Row {
  return {
    startDateTimeUTC: bill['startDateTimeUtc'],
    endDateTimeUTC: bill['endDateTimeUtc'],
    createdDate: bill.dtCreated,
  };
}

const ENVELOPE = ['version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];
const LINE_INTERNALS = ['orgId', 'key', 'reason'];
const HIDDEN_IN_BILL: ReadonlySet<string> = new Set([...LINE_INTERNALS, ...ENVELOPE, 'billId']);

/** A line inside of its bill: bands are `usagePerPricingBand`, there is no envelope (spec 40 §5.2). */
export function embeddedLineAnswer(line: LineRow): Row {
  return withFieldsOf(line, HIDDEN_IN_BILL);
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
  return withFieldsOf(line, HIDDEN_ALONE, { bandUsage, jsonUsageGenerated });
}

/** The answer with the row's fields but the hidden ones behind what it has already. */
function withFieldsOf(row: Row, hidden: ReadonlySet<string>, answer: Row = {}): Row {
  for (const name of Object.keys(row)) if (!hidden.has(name)) answer[name] = row[name];
  return answer;
}
