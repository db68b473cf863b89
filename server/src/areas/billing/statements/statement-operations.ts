import { z } from 'zod';
import { text } from '../../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../../api/operation.ts';
import { idOf } from '../../../api/resource.ts';
import { ApiError } from '../../../kernel/errors.ts';
import { currentInstant } from '../../../kernel/time.ts';
import { inTransaction } from '../../../store/transaction.ts';
import { existingBill } from '../get-bill.ts';
import { temporaryFileUrl } from '../temporary-file.ts';
import { startStatementJob } from './order-statements.ts';
import { writeStatement } from './run-statement-job.ts';
import { loadStatementFacts } from './statement-facts.ts';
import { existingStatement, type StatementFormat, statementUrl } from './statement-files.ts';
import { writingOf } from './statement-job-status.ts';
import { lineUsageJson } from './statement-json.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:bill' };
/** What every operation that leads to a file answers. */
const response = z.object({ downloadUrl: text() });

/** A link to the newest JSON statement of a bill (spec 40 §10.3). */
export const getBillJsonStatement = defineOperation({
  id: 'GetBillJsonStatement',
  method: 'GET',
  path: '/bills/{id}/statement/json',
  summary: 'get the JSON statement of a bill',
  tag: 'Bill',
  permission: RETRIEVE,
  response,
  answers: 'whole',
  handle: (call) => newestFile(call, idOf(call.params), 'json'),
});

/** A link to the newest CSV statement of a bill. */
export const getBillCsvStatement = defineOperation({
  id: 'GetBillCsvStatement',
  method: 'GET',
  path: '/bills/{id}/statement/csv',
  summary: 'get the CSV statement of a bill',
  tag: 'Bill',
  permission: RETRIEVE,
  response,
  answers: 'whole',
  handle: (call) => newestFile(call, idOf(call.params), 'csv'),
});

async function newestFile(call: AnyCall, billId: string, format: StatementFormat) {
  const { ctx, orgId } = call;
  await existingBill(ctx.db, orgId, billId);
  const statement = await existingStatement(ctx, { orgId, billId }, format);
  return { downloadUrl: await statementUrl(ctx, statement, format) };
}

/** After this time the worker writes the statement, when the process that answers the request has died. */
const RESCUE_DELAY = { minutes: 10 };

/** Writes both statements of a bill as it is now, and answers a link to the CSV file (spec 40 §10.3). */
export const createBillCsvStatement = defineOperation({
  id: 'CreateBillCsvStatement',
  method: 'POST',
  path: '/bills/{id}/statement/csv',
  summary: 'write the CSV statement of a bill',
  tag: 'Bill',
  permission: { action: 'config:create', resource: 'billing:statementjob' },
  response,
  answers: 'whole',
  handle: async (call) => {
    const { ctx, orgId } = call;
    const billId = idOf(call.params);
    const job = await inTransaction(ctx.db, async (tx) => {
      await existingBill(tx, orgId, billId);
      const runAt = currentInstant().add(RESCUE_DELAY);
      return startStatementJob(tx, writingOf(call), { billId, includeCsvFormat: true, runAt });
    });
    await writeStatement(ctx, { orgId, statementJobId: job.id });
    return newestFile(call, billId, 'csv');
  },
});

/**
 * A link to the usage behind one line, as it stands in a statement written now; NOT_FOUND until the bill has
 * a statement, and for lines of other kinds (spec 40 §4.5).
 */
export const getBillLineItemJsonUsage = defineOperation({
  id: 'GetBillLineItemJsonUsage',
  method: 'GET',
  path: '/bills/{billId}/lineitems/{id}/usage/json',
  summary: 'get the usage behind a line item',
  tag: 'Bill',
  permission: { action: 'config:retrieve', resource: 'billing:lineitem' },
  response,
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const [billId, id] = [idOf(params, 'billId'), idOf(params)];
    const bill = await existingBill(ctx.db, orgId, billId);
    const facts = await loadStatementFacts({ db: ctx.db, bill }, null);
    const line = facts.lines.find((one) => one.id === id);
    if (!line) throw new ApiError('NOT_FOUND', 'the bill has no such line of usage');
    await existingStatement(ctx, { orgId, billId }, 'json');
    const content = lineUsageJson({ ctx, facts }, line);
    const named = { fileName: `usage-${id}.json`, contentType: 'application/json' };
    return { downloadUrl: await temporaryFileUrl(ctx, { orgId, ...named, content }) };
  },
});
