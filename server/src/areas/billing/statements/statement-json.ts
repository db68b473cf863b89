import { writeJsonWithNulls } from '../../../kernel/json.ts';
import type { Instant } from '../../../kernel/time.ts';
import type { StatementFacts, StatementLine } from './statement-facts.ts';
import { type StatementOf, type StatementRow, statementRows } from './statement-rows.ts';

/** Called before each line; what it throws ends the writing. */
export type Checkpoint = () => Promise<void>;

/** The statement as a JSON document, in pieces (spec 40 §10.5). Unset values are null. */
export async function* statementJson(
  statement: StatementOf,
  { generatedAt, checkpoint }: { readonly generatedAt: Instant; readonly checkpoint: Checkpoint },
): AsyncGenerator<Uint8Array> {
  const { facts } = statement;
  const head = writeJsonWithNulls(headOf(facts, generatedAt));
  yield Buffer.from(`${head.slice(0, -1)},"lineItems":[`);
  let isFirst = true;
  for (const line of facts.lines) {
    await checkpoint();
    for await (const piece of lineJson(statement, line)) {
      yield Buffer.from(isFirst || !piece.startsLine ? piece.text : `,${piece.text}`);
      isFirst = false;
    }
  }
  yield Buffer.from(']}');
}

function headOf({ bill, accounts, layout }: StatementFacts, generatedAt: Instant) {
  return {
    billId: bill.id,
    accountId: bill.accountId,
    accountCode: bill.accountCode,
    accountName: accounts.get(bill.accountId)?.name ?? null,
    billDate: bill.billDate,
    startDate: bill.startDate,
    endDate: bill.endDate,
    currency: bill['currency'],
    billTotal: bill.billTotal,
    aggregationFrequency: layout.aggregationFrequency,
    generatedAt,
  };
}

type Piece = { readonly text: string; readonly startsLine: boolean };

/** One line with its usage; nothing for a line without usage in a slim statement. */
async function* lineJson(statement: StatementOf, line: StatementLine): AsyncGenerator<Piece> {
  const { layout } = statement.facts;
  let isOpen = false;
  for await (const page of statementRows(statement, line)) {
    const rows = page.map((row) => writeJsonWithNulls(rowBody(statement.facts, line, row))).join(',');
    yield isOpen
      ? { text: `,${rows}`, startsLine: false }
      : { text: `${opening(statement.facts, line)}${rows}`, startsLine: true };
    isOpen = true;
  }
  if (isOpen) yield { text: ']}', startsLine: false };
  else if (!layout.generateSlimStatements) {
    yield { text: `${opening(statement.facts, line)}]}`, startsLine: true };
  }
}

function opening(facts: StatementFacts, line: StatementLine): string {
  return `${writeJsonWithNulls(lineBody(facts, line)).slice(0, -1)},"usage":[`;
}

function lineBody({ layout }: StatementFacts, line: StatementLine) {
  const isSlim = layout.generateSlimStatements;
  return {
    lineItemId: line.id,
    lineItemType: line.lineItemType,
    description: line.description,
    productId: line.productId,
    ...(!isSlim && { productName: line.productName }),
    meterId: line.meterId,
    ...(!isSlim && { aggregationId: line.aggregationId, segment: line.segment }),
    childAccountId: line.childAccountId,
    unit: line.unit,
    quantity: line.quantity,
    units: line.units,
    averageUnitPrice: line.averageUnitPrice,
    subtotal: line.subtotal,
    currency: line.currency,
    convertedSubtotal: line.convertedSubtotal,
    servicePeriodStartDate: line.servicePeriodStartDate,
    servicePeriodEndDate: line.servicePeriodEndDate,
  };
}

function rowBody({ layout }: StatementFacts, line: StatementLine, row: StatementRow) {
  return {
    startDate: row.startDate,
    endDate: row.endDate,
    accountId: row.accountId,
    dimensions: row.dimensions,
    ...(!layout.generateSlimStatements && { measures: row.measures }),
    quantity: row.quantity,
    ...(row.amount !== null && { pricePerUnit: line.averageUnitPrice, amount: row.amount }),
  };
}

/** One line alone with its usage, as it stands in the statement. */
export async function* lineUsageJson(
  statement: StatementOf,
  line: StatementLine,
): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const piece of lineJson(statement, line)) {
    isEmpty = false;
    yield Buffer.from(piece.text);
  }
  if (isEmpty) yield Buffer.from(`${opening(statement.facts, line)}]}`);
}
