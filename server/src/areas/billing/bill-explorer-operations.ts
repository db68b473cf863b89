import { z } from 'zod';
import { dateTime, freeObject, list, text } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { writeJson } from '../../kernel/json.ts';
import { type BillData, type BillDataSource, lineValueCells, lineValues } from './bill-explorer.ts';
import { type BillDataBody, billDataBody, lineValueConditions } from './bill-explorer-request.ts';
import { csvText } from './csv-text.ts';
import { temporaryFileUrl } from './temporary-file.ts';

const QUERY = { action: 'analytics:query', resource: 'analytics:bills' };
const MAX_DOWNLOADED = 100_000;

const value = z.object({
  updatedDate: dateTime(),
  dimensions: freeObject(),
  measures: freeObject(),
  billDetails: freeObject(),
});

/** The lines of bills with what is known of their bills (spec 40 §13). */
export const queryBillData = defineOperation({
  id: 'PostQueryBillData',
  method: 'POST',
  path: '/dataexplorer/bills',
  summary: 'query the lines of bills',
  tag: 'DataExplorer',
  permission: QUERY,
  body: billDataBody,
  response: z.object({ values: list(value) }),
  answers: 'whole',
  handle: async (call) => {
    const body = call.body();
    const values: BillData[] = [];
    for await (const page of lineValues(await sourceOf(call, body), body.limit)) values.push(...page);
    return { values };
  },
});

async function sourceOf({ ctx, orgId }: AnyCall, body: BillDataBody): Promise<BillDataSource> {
  return { db: ctx.db, orgId, conditions: await lineValueConditions(ctx.db, orgId, body) };
}

const downloadAnswer = z.object({ downloadUrl: text() });

/** As the query, with a link to a CSV file of up to 100,000 lines. */
export const downloadBillDataCsv = defineOperation({
  id: 'DownloadBillDataCsv',
  method: 'POST',
  path: '/dataexplorer/bills/download/csv',
  summary: 'get a link to the lines of bills as CSV',
  tag: 'DataExplorer',
  permission: QUERY,
  body: billDataBody,
  response: downloadAnswer,
  answers: 'whole',
  handle: async (call) => {
    const content = csvPieces(lineValues(await sourceOf(call, call.body()), MAX_DOWNLOADED));
    const file = { fileName: 'bill-data.csv', contentType: 'text/csv; charset=utf-8', content };
    return { downloadUrl: await temporaryFileUrl(call.ctx, { orgId: call.orgId, ...file }) };
  },
});

/** As the query, with a link to a JSON file of up to 100,000 lines. */
export const downloadBillDataJson = defineOperation({
  id: 'DownloadBillDataJson',
  method: 'POST',
  path: '/dataexplorer/bills/download/json',
  summary: 'get a link to the lines of bills as JSON',
  tag: 'DataExplorer',
  permission: QUERY,
  body: billDataBody,
  response: downloadAnswer,
  answers: 'whole',
  handle: async (call) => {
    const content = jsonPieces(lineValues(await sourceOf(call, call.body()), MAX_DOWNLOADED));
    const file = { fileName: 'bill-data.json', contentType: 'application/json', content };
    return { downloadUrl: await temporaryFileUrl(call.ctx, { orgId: call.orgId, ...file }) };
  },
});

type Pages = AsyncIterable<readonly BillData[]>;

/** Columns of the file in their order (spec 40 §13). */
const COLUMNS = [
  ...['account', 'accountName', 'accountId', 'parentAccountCode', 'parentAccountName', 'parentAccountId'],
  ...['childAccountId', 'description', 'lineItemType', 'productName', 'quantityUnit', 'subtotalUnit'],
  ...['convertedSubtotalUnit', 'billId', 'billLineItemId', 'commitmentId', 'externalInvoiceReference'],
  ...['quantity', 'units', 'subtotal', 'convertedSubtotal', 'conversionRate', 'version'],
  ...['billDate', 'startDate', 'endDate', 'dueDate', 'servicePeriodStartDate', 'servicePeriodEndDate'],
  ...['timezone', 'status', 'locked', 'billCurrency', 'billingFrequency'],
  ...['year', 'month', 'week', 'day', 'yearMonth'],
];

async function* csvPieces(pages: Pages): AsyncGenerator<Uint8Array> {
  yield csvText([COLUMNS]);
  for await (const page of pages) {
    const rows = page.map(lineValueCells);
    yield csvText(rows.map((row) => COLUMNS.map((column) => row[column])));
  }
}

async function* jsonPieces(pages: Pages): AsyncGenerator<Uint8Array> {
  let separator = '{"values":[';
  for await (const page of pages) {
    yield Buffer.from(`${separator}${page.map((one) => writeJson(one)).join(',')}`);
    separator = ',';
  }
  yield Buffer.from(separator === ',' ? ']}' : `${separator}]}`);
}
