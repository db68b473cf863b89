import { sql } from 'kysely';
import { expect } from 'vitest';
import { eventually } from './billing.ts';
import { created, freshCode, type Made } from './configured.ts';
import type { Answer, TestServer } from './stores.ts';

/** A measurement as it is submitted. */
export type Sent = { readonly [attribute: string]: unknown };
export type UsageRow = { readonly [name: string]: unknown };

type Field = { readonly category: string; readonly code: string; readonly unit?: string };
type Fields = {
  readonly code?: string;
  readonly dataFields: readonly Field[];
  readonly derivedFields?: readonly (Field & { readonly calculation: string })[];
};

/** A global meter; fields need no name, numeric ones have the unit `u`. */
export function meter(server: TestServer, { code = freshCode('meter'), ...fields }: Fields): Promise<Made> {
  const named = (field: Field) => ({
    name: field.code,
    ...(['MEASURE', 'INCOME', 'COST'].includes(field.category) && { unit: 'u' }),
    ...field,
  });
  return created(server, '/meters', {
    name: code,
    code,
    dataFields: fields.dataFields.map(named),
    derivedFields: (fields.derivedFields ?? []).map(named),
  });
}

export function submit(server: TestServer, measurements: readonly Sent[]): Promise<Answer> {
  return server.request('POST', '/measurements', { measurements });
}

/** Submits, expects the answer `accepted` and waits until all that was accepted is stored. */
export async function ingest(server: TestServer, measurements: readonly Sent[]): Promise<void> {
  const answer = await submit(server, measurements);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { result: 'accepted' } });
  await emptied(server);
}

/** Resolves when nothing waits to be stored. */
export async function emptied(server: Pick<TestServer, 'context'>): Promise<void> {
  await eventually('the inbox to be empty', async () => ((await waiting(server)) === 0 ? true : null));
}

/** How many accepted requests wait to be stored. */
export async function waiting({ context }: Pick<TestServer, 'context'>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from measurement_batch`.execute(context.db);
  return rows[0]?.count ?? 0;
}

const ALWAYS = { startDate: '1970-01-01T00:00:00Z', endDate: '2100-01-01T00:00:00Z' };

/** The rows of a usage query, over all times unless it says otherwise. */
export async function usage(server: TestServer, query: object = {}): Promise<readonly UsageRow[]> {
  const answer = await server.request('POST', '/usage/query', { ...ALWAYS, ...query });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { readonly data: readonly UsageRow[] }).data;
}

/** Functions of fields of a meter over the measurements of an account, such as `bytes SUM`. */
export async function totals(
  server: TestServer,
  { meter: { id: meterId, code }, account, of }: { meter: Made; account: Made; of: readonly string[] },
): Promise<UsageRow> {
  const aggregations = of.map((item) => {
    const [fieldCode, name] = item.split(' ');
    return { meterId, fieldCode, fieldType: name === 'UNIQUE' ? 'DIMENSION' : 'MEASURE', function: name };
  });
  const [row = {}] = await usage(server, { accountIds: [account.id], aggregations });
  return Object.fromEntries(of.map((item) => [item, row[`${code}.${item.replace(' ', '.')}`]]));
}

export type Failure = {
  readonly type: string;
  readonly message: string;
  readonly fields: readonly string[];
  readonly meterCode: string;
  readonly accountCode: string;
  readonly accountId?: string;
  readonly uid?: string;
  readonly ts: string;
  readonly receivedAt: string;
  readonly getDownloadUrl: string;
};

/** What the events of measurements that could not be stored say, oldest first. */
export async function failures(server: TestServer): Promise<readonly Failure[]> {
  const { body } = await server.request('GET', '/events?eventName=ingest.validation.failure&pageSize=100');
  const { data } = body as { readonly data: readonly { readonly m3terEvent: { eventData: Failure } }[] };
  return data.map((event) => event.m3terEvent.eventData).reverse();
}

/** The account with this code, null when there is none. */
export async function accountOf(server: TestServer, code: string): Promise<Made | null> {
  const { body } = await server.request('GET', `/accounts?codes=${encodeURIComponent(code)}`);
  return (body as { readonly data: readonly Made[] }).data[0] ?? null;
}
