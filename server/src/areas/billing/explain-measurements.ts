import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { earlier, type Instant, later } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { type SourcePosition, sourceMeasurements, type UsageInput } from '../usage/index.ts';
import type { LineRow } from './bill-rows.ts';
import type { Explained } from './explain-facts.ts';
import { inputsOf } from './explain-line.ts';

export const MEASUREMENT_LISTS = ['COUNTED', 'LATE', 'REJECTED'] as const;
export type MeasurementList = (typeof MEASUREMENT_LISTS)[number];

export type MeasurementPage = { readonly data: readonly Row[]; readonly next: readonly string[] | null };

type Wanted = {
  readonly name: MeasurementList;
  readonly after: readonly string[] | null;
  readonly limit: number;
};

/**
 * Measurements of a line's windows: COUNTED came before the calculation, LATE after it or waited then to be
 * stored, REJECTED were refused when they came. None for a line that is not usage.
 */
export async function measurementPage(
  ctx: Context,
  { explained, line }: { readonly explained: Explained; readonly line: LineRow },
  wanted: Wanted,
): Promise<MeasurementPage> {
  const inputs = inputsOf(explained, line);
  if (inputs.length === 0) return { data: [], next: null };
  if (wanted.name === 'REJECTED') return rejectedPage(ctx, { explained, inputs }, wanted);
  const calculated = explained.manifest?.measuredBefore ?? (explained.bill['lastCalculatedDate'] as Instant);
  const { rows, next } = await sourceMeasurements(ctx, explained.bill.orgId, {
    inputs,
    received: wanted.name === 'COUNTED' ? { before: calculated } : { since: calculated },
    after: wanted.after as SourcePosition | null,
    limit: wanted.limit,
  });
  const codeOf = (id: string) => explained.names.get(id)?.code ?? null;
  const data = rows.map(({ accountId, ...row }) => ({
    ...row,
    account: { id: accountId, code: codeOf(accountId) },
  }));
  return { data, next };
}

type Source = { readonly explained: Explained; readonly inputs: readonly UsageInput[] };

type Rejected = {
  readonly id: string;
  readonly receivedAt: Instant;
  readonly errors: unknown;
  readonly measurement: Readonly<Record<string, unknown>>;
};

/** What was refused of the line's meters and accounts for its time, as far as it says which that is. */
async function rejectedPage(
  { db }: Context,
  { explained, inputs }: Source,
  { after, limit }: Wanted,
): Promise<MeasurementPage> {
  const { orgId } = explained.bill;
  const sources = inputs.flatMap((input) => input.sources);
  const start = sources.map((source) => source.start).reduce(earlier);
  const end = sources.map((source) => source.end).reduce(later);
  const accountIds = sources.flatMap((source) => source.accountIds);
  const meterIds = inputs.map(({ aggregation }) => aggregation.meterId);
  const [receivedAt = null, id = null] = after ?? [];
  const { rows } = await sql<Rejected>`
    select f.id, f.received_at, f.document -> 'errors' as errors, f.document -> 'measurement' as measurement
    from failed_measurement f
    where f.org_id = ${orgId} and f.resubmitted_at is null
      and f.document -> 'measurement' ->> 'account' in (
        select code from account where org_id = ${orgId} and id = any(${accountIds}::uuid[]))
      and f.document -> 'measurement' ->> 'meter' in (
        select code from meter where org_id = ${orgId} and id = any(${meterIds}::uuid[]))
      and f.document -> 'measurement' ->> 'ts' >= ${start.toString()}
      and f.document -> 'measurement' ->> 'ts' < ${end.toString()}
      and (${receivedAt}::timestamptz is null
        or (f.received_at, f.id) < (${receivedAt}::timestamptz, ${id}::uuid))
    order by f.received_at desc, f.id desc limit ${limit + 1}`.execute(db);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const data = rows.slice(0, limit).map(({ measurement, errors, receivedAt: received, id: file }) => {
    const { uid, ts, account, meter } = measurement;
    return { id: file, uid, ts, account: { code: account }, meter, receivedAt: received, errors };
  });
  return { data, next: last === undefined ? null : [String(last.receivedAt), last.id] };
}
