import { Readable } from 'node:stream';
import { z } from 'zod';
import { text } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Condition } from '../../store/database.ts';
import { billCsv, billIdsOf, type ExternalSystem } from './bill-csv.ts';
import { billCsvBody, billCsvConditions, billCsvQuery } from './bill-csv-request.ts';
import { readableBills } from './bill-page.ts';
import { temporaryFileUrl } from './temporary-file.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:bill' };
const CSV_TYPE = 'text/csv; charset=utf-8';
const MAX_BILLS = 5000;

/** The lines of the bills of a month at most, as a CSV file (spec 40 §4.8). */
export const downloadBillsCsv = defineOperation({
  id: 'DownloadBillsCsv',
  method: 'GET',
  path: '/bills/download/csv',
  summary: 'download the lines of bills as CSV',
  tag: 'Bill',
  permission: RETRIEVE,
  query: billCsvQuery,
  fileType: CSV_TYPE,
  handle: async (call) => {
    const conditions = billCsvConditions(call.query, { onlyOne: true });
    return Readable.from(await csvOf(call, conditions, call.query.externalSystem ?? 'STANDARD'));
  },
});

/** As `downloadBillsCsv`, but a link to the file. */
export const downloadBillsCsvUrl = defineOperation({
  id: 'DownloadBillsCsvUrl',
  method: 'POST',
  path: '/bills/download/csv/url',
  summary: 'get a link to the lines of bills as CSV',
  tag: 'Bill',
  permission: RETRIEVE,
  body: billCsvBody,
  response: z.object({ downloadUrl: text() }),
  answers: 'whole',
  handle: async (call) => {
    const { externalSystem, ...dates } = call.body();
    const conditions = billCsvConditions(dates, { onlyOne: false });
    const content = await csvOf(call, conditions, externalSystem ?? 'STANDARD');
    const file = { orgId: call.orgId, fileName: 'bills.csv', contentType: CSV_TYPE, content };
    return { downloadUrl: await temporaryFileUrl(call.ctx, file) };
  },
});

async function csvOf(call: AnyCall, asked: readonly Condition[], system: ExternalSystem) {
  const conditions = [...asked, ...readableBills(call)];
  const wanted = { db: call.ctx.db, orgId: call.orgId, conditions, system };
  const ids = await billIdsOf(wanted, MAX_BILLS);
  if (ids.length > MAX_BILLS) {
    throw new ApiError('VALIDATION_FAILED', `there are more than ${MAX_BILLS} bills: shorten the range`);
  }
  return billCsv(wanted, ids);
}
