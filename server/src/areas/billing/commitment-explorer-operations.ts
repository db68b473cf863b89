import { z } from 'zod';
import { freeObject, list, text } from '../../api/fields.ts';
import { integerParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { obligationsOf } from '../../engine/billing/obligations.ts';
import { writeJson } from '../../kernel/json.ts';
import { isBefore, localDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';
import { commitment } from '../accounts/index.ts';
import { accountsWithCommitments, commitmentRows, openCommitments } from './commitment-explorer.ts';
import {
  type CommitmentDataBody,
  commitmentDataBody,
  dimensionConditions,
  rangeOf,
} from './commitment-explorer-request.ts';
import { csvText } from './csv-text.ts';
import { firstDate } from './first-date.ts';
import { temporaryFileUrl } from './temporary-file.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'config:commitment' };
const PATH = '/dataexplorer/commitments';
const MAX_ACCOUNTS = 10_000;
const MAX_DOWNLOADED = 100_000;

/** Commitments `c` that the caller may read (spec 10 §17.5). */
function readableCommitments(call: AnyCall): readonly Condition[] {
  return allowedConditions(call, RETRIEVE, { table: 'c' });
}

/** The accounts that have at least one commitment (spec 50 §13.1). */
function listAccounts(): Operation {
  return defineOperation({
    id: 'GetDataExplorerCommitmentAccounts',
    method: 'GET',
    path: `${PATH}/accounts`,
    summary: 'list the accounts that have commitments',
    tag: 'DataExplorer',
    permission: RETRIEVE,
    query: z.object({ limit: integerParameter({ min: 1, max: MAX_ACCOUNTS }) }),
    response: z.object({ accountCodes: list(text()), accounts: list(freeObject()) }),
    answers: 'whole',
    handle: async (call) => {
      const { ctx, orgId, query } = call;
      const wanted = { conditions: readableCommitments(call), limit: query.limit ?? MAX_ACCOUNTS };
      const accounts = await accountsWithCommitments({ db: ctx.db, orgId }, wanted);
      return { accountCodes: accounts.map(({ code }) => code), accounts };
    },
  });
}

/** Month by month what is still to be met of each commitment (spec 50 §13.1). */
function queryObligations(): Operation {
  return defineOperation({
    id: 'PostQueryObligations',
    method: 'POST',
    path: `${PATH}/obligations`,
    summary: 'query what is still to be met of commitments',
    tag: 'DataExplorer',
    permission: RETRIEVE,
    body: commitmentDataBody,
    response: z.array(z.object({ dateMonth: text(), obligations: freeObject() })),
    answers: 'whole',
    handle: async (call) => {
      const { ctx, orgId } = call;
      const body = call.body();
      const dimensions = dimensionConditions(body, ['account', 'product name']);
      const conditions = [...dimensions, ...readableCommitments(call)];
      const zone = await organizationZone(ctx.db, orgId);
      const { start, end } = rangeOf(body, zone);
      const today = localDate(ctx.clock.now(), zone);
      // The month that runs is the last one of commitments that have ended in it.
      const open = await openCommitments({ db: ctx.db, orgId }, today.with({ day: 1 }), conditions);
      return obligationsOf(open, today)
        .filter(({ dateMonth }) => {
          const month = Temporal.PlainYearMonth.from(dateMonth);
          const first = month.toPlainDate({ day: 1 });
          const next = month.add({ months: 1 }).toPlainDate({ day: 1 });
          return isBefore(startOfDate(first, zone), end) && isBefore(start, startOfDate(next, zone));
        })
        .slice(0, body.limit);
    },
  });
}

const downloadAnswer = z.object({ downloadUrl: text() });

type Format = {
  readonly id: string;
  readonly ending: 'csv' | 'json';
  readonly contentType: string;
  readonly pieces: (pages: AsyncIterable<readonly Row[]>) => AsyncIterable<Uint8Array>;
};

/** A link to a file of the commitments that start in the range. */
function downloadAs({ id, ending, contentType, pieces }: Format): Operation {
  return defineOperation({
    id,
    method: 'POST',
    path: `${PATH}/download/${ending}`,
    summary: `get a link to commitments as ${ending.toUpperCase()}`,
    tag: 'DataExplorer',
    permission: RETRIEVE,
    body: commitmentDataBody,
    response: downloadAnswer,
    answers: 'whole',
    handle: async (call) => {
      const rows = await selectedRows(call, call.body());
      const file = { fileName: `commitments.${ending}`, contentType, content: pieces(rows) };
      return { downloadUrl: await temporaryFileUrl(call.ctx, { orgId: call.orgId, ...file }) };
    },
  });
}

async function selectedRows(call: AnyCall, body: CommitmentDataBody) {
  const { ctx, orgId } = call;
  const conditions = [...dimensionConditions(body, ['account']), ...readableCommitments(call)];
  const zone = await organizationZone(ctx.db, orgId);
  const { start, end } = rangeOf(body, zone);
  const range = { start: firstDate(start, zone), end: firstDate(end, zone) };
  return commitmentRows({ db: ctx.db, orgId, conditions, ...range }, MAX_DOWNLOADED);
}

const COLUMNS = [
  ...['accountCode', 'accountName', 'id', 'version'],
  ...Object.keys(commitment.fields),
  ...['amountSpent', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'],
];

async function* csvPieces(pages: AsyncIterable<readonly Row[]>): AsyncGenerator<Uint8Array> {
  yield csvText([COLUMNS]);
  for await (const page of pages) yield csvText(page.map((row) => COLUMNS.map((name) => cellOf(row[name]))));
}

/** Lists stand in their cell as JSON. */
function cellOf(value: unknown): unknown {
  return Array.isArray(value) ? writeJson(value) : value;
}

async function* jsonPieces(pages: AsyncIterable<readonly Row[]>): AsyncGenerator<Uint8Array> {
  let separator = '[';
  for await (const page of pages) {
    yield Buffer.from(`${separator}${page.map((row) => writeJson(row)).join(',')}`);
    separator = ',';
  }
  yield Buffer.from(separator === ',' ? ']' : '[]');
}

/** Queries over commitments (spec 50 §13.1). */
export const commitmentExplorerOperations: readonly Operation[] = [
  listAccounts(),
  queryObligations(),
  downloadAs({
    id: 'DownloadCommitmentsJson',
    ending: 'json',
    contentType: 'application/json',
    pieces: jsonPieces,
  }),
  downloadAs({
    id: 'DownloadCommitmentsCsv',
    ending: 'csv',
    contentType: 'text/csv; charset=utf-8',
    pieces: csvPieces,
  }),
];
