import type { Context } from '../../context.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { accountsAmong, momentSql, quoted } from './clickhouse-text.ts';

type Looked = {
  readonly accountIds: readonly string[];
  /** Measurements of earlier times are not looked at. */
  readonly since: Instant;
};

/** When each account's latest measurement came, by account id; none for an account without measurements. */
export async function latestArrivals(
  { clickhouse }: Context,
  orgId: string,
  { accountIds, since }: Looked,
): Promise<ReadonlyMap<string, Instant>> {
  if (accountIds.length === 0) return new Map();
  const result = await clickhouse.query({
    query: `select toString(account_id) as account,
        toString(toUnixTimestamp64Micro(max(received_at))) as micros
      from measurement where org_id = ${quoted(orgId)} and ts >= ${momentSql(since)}
        and ${accountsAmong(accountIds)}
      group by account_id`,
    format: 'JSONEachRow',
    clickhouse_settings: { max_query_size: '16777216' },
  });
  const rows = await result.json<{ account: string; micros: string }>();
  return new Map(
    rows.map(({ account, micros }) => [
      account,
      Temporal.Instant.fromEpochNanoseconds(BigInt(micros) * 1000n),
    ]),
  );
}
