import { csvText } from '../csv-text.ts';
import type { StatementFacts, StatementLine } from './statement-facts.ts';
import type { Checkpoint } from './statement-json.ts';
import { dimensionColumns, measureColumns } from './statement-layout.ts';
import { type StatementOf, type StatementRow, statementRows } from './statement-rows.ts';

/** A column of the file: its name, and its value in a row. */
type Column = {
  readonly name: string;
  readonly value: (line: StatementLine, row: StatementRow) => unknown;
};

/** The statement as a CSV file, in pieces: one row per row of usage (spec 40 §10.5). */
export async function* statementCsv(
  statement: StatementOf,
  checkpoint: Checkpoint,
): AsyncGenerator<Uint8Array> {
  const columns = columnsOf(statement.facts);
  yield csvText([columns.map((column) => column.name)]);
  for (const line of statement.facts.lines) {
    await checkpoint();
    for await (const page of statementRows(statement, line)) {
      yield csvText(page.map((row) => columns.map((column) => column.value(line, row))));
    }
  }
}

function columnsOf(facts: StatementFacts): Column[] {
  const { bill, accounts, layout } = facts;
  const isSlim = layout.generateSlimStatements;
  const childCode = ({ accountId }: StatementRow) =>
    accountId === bill.accountId ? null : accounts.get(accountId)?.code;
  const prices: Column[] = [
    { name: 'pricePerUnit', value: (line) => line.averageUnitPrice },
    { name: 'amount', value: (_, row) => row.amount },
  ];
  return [
    { name: 'billId', value: () => bill.id },
    { name: 'accountCode', value: () => bill.accountCode },
    { name: 'accountName', value: () => accounts.get(bill.accountId)?.name },
    { name: 'billDate', value: () => bill.billDate },
    { name: 'lineItemId', value: (line) => line.id },
    { name: 'lineItemType', value: (line) => line.lineItemType },
    { name: 'description', value: (line) => line.description },
    ...(isSlim ? [] : [{ name: 'productName', value: (line: StatementLine) => line.productName }]),
    { name: 'childAccountCode', value: (_, row) => childCode(row) },
    { name: 'periodStart', value: (_, row) => row.startDate },
    { name: 'periodEnd', value: (_, row) => row.endDate },
    ...dimensionColumns(layout).map((name) => dimensionColumn(name)),
    ...(isSlim ? [] : measureColumns(facts).map(measureColumn)),
    { name: 'quantity', value: (_, row) => row.quantity },
    { name: 'unit', value: (line) => line.unit },
    ...(layout.includePricePerUnit ? prices : []),
    { name: 'currency', value: (line) => line.currency },
  ];
}

function dimensionColumn(name: string): Column {
  return { name, value: (_, row) => row.dimensions[name] };
}

function measureColumn({ fieldCode, method }: { fieldCode: string; method: string }): Column {
  return { name: `${fieldCode}_${method}`, value: (_, row) => row.measures[fieldCode]?.[method] };
}
