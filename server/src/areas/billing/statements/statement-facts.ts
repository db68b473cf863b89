import { sql } from 'kysely';
import type { AggregationFacts } from '../../../engine/billing/facts.ts';
import type { StatementFrequency } from '../../../engine/calendar/statement-buckets.ts';
import type { UsageAbsence } from '../../../engine/metering/usage-query.ts';
import { type CurrencyRule, defaultCurrencyRule } from '../../../engine/money/rounding.ts';
import { present } from '../../../kernel/assert.ts';
import { type Instant, type PlainDate, Temporal, zoneFromText } from '../../../kernel/time.ts';
import type { Db, Tx } from '../../../store/database.ts';
import type { FigureMethod } from '../../usage/index.ts';
import { USAGE_TYPES } from '../bill-answer.ts';
import { type BillRow, type LineRow, linesOfBills } from '../bill-rows.ts';
import { aggregationsOf } from '../catalog-facts.ts';
import { currencyRules } from '../currency-rules.ts';
import { type Compounds, loadCompounds } from './statement-compounds.ts';

/** The part of a statement definition that decides about the content (spec 40 §10.1). */
export type StatementLayout = {
  readonly aggregationFrequency: StatementFrequency;
  readonly includePricePerUnit: boolean;
  readonly generateSlimStatements: boolean;
  readonly dimensions: readonly {
    readonly meterId: string | null;
    readonly name: string;
    readonly filter: readonly string[];
  }[];
  readonly measures: readonly {
    readonly meterId: string | null;
    readonly name: string | null;
    readonly aggregations: readonly (FigureMethod | 'CUSTOM_SQL')[];
  }[];
};

/** What is used where neither account nor organization name a definition. */
const BUILT_IN: StatementLayout = {
  aggregationFrequency: 'WHOLE_PERIOD',
  includePricePerUnit: false,
  generateSlimStatements: false,
  dimensions: [],
  measures: [{ meterId: null, name: null, aggregations: ['SUM'] }],
};

/** What a line charges for as it is stored within its reason: instants are text. */
export type StoredUsage = {
  readonly aggregationId: string;
  readonly accountIds: readonly string[];
  readonly start: string;
  readonly end: string;
  readonly filters: readonly {
    readonly dimensionCode: string;
    readonly value: string;
    readonly mode: 'INCLUDE' | 'EXCLUDE';
  }[];
  readonly segment: Readonly<Record<string, string>> | null;
  /** Measurements that came at this moment or later were not counted; absent = all were. */
  readonly receivedBefore?: string;
  /** When measurements of some of the accounts were not counted; absent = there is no such time. */
  readonly absences?: readonly { readonly accountId: string; readonly start: string; readonly end: string }[];
};

/** A usage line of the bill and the measurements that it charges for. */
export type StatementLine = LineRow & { readonly usage: readonly StoredUsage[] };

export type StatementAccount = { readonly id: string; readonly code: string; readonly name: string };
export type StatementMeter = {
  readonly id: string;
  readonly fields: readonly { readonly code: string; readonly category: string }[];
};

/** Everything that a statement is written from, but for the measurements. */
export type StatementFacts = {
  readonly orgId: string;
  readonly bill: BillRow;
  /** The zone of the bill's days, as a Temporal zone id. */
  readonly zone: string;
  readonly weekEpoch: PlainDate;
  readonly layout: StatementLayout;
  /** In the order of the bill. */
  readonly lines: readonly StatementLine[];
  /** The bill's account and all whose usage is on it. */
  readonly accounts: ReadonlyMap<string, StatementAccount>;
  readonly aggregations: ReadonlyMap<string, AggregationFacts>;
  readonly compounds: Compounds;
  readonly meters: ReadonlyMap<string, StatementMeter>;
  readonly currencies: (code: string) => CurrencyRule;
};

type Source = { readonly db: Db | Tx; readonly bill: BillRow };

/** Reads what the statement of a bill is made of; `meterIds` keeps lines of those meters, null all. */
export async function loadStatementFacts(
  source: Source,
  meterIds: readonly string[] | null,
): Promise<StatementFacts> {
  const { db, bill } = source;
  const { orgId } = bill;
  const all = await usageLines(source);
  const named = [...new Set(all.flatMap((line) => line.usage.map((usage) => usage.aggregationId)))];
  const aggregations = byId(await aggregationsOf({ db, orgId }, { ids: named, codes: [] }));
  const lines = all.filter((line) => isOfMeters(line, aggregations, meterIds));
  const accountIds = lines.flatMap((line) => line.usage.flatMap((usage) => usage.accountIds));
  const meters = [...aggregations.values()].map((row) => row.definition.meterId);
  return {
    orgId,
    bill,
    zone: zoneFromText(String(bill['timezone'])) ?? 'UTC',
    weekEpoch: await weekEpochOf(source),
    layout: await layoutOf(source),
    lines,
    accounts: byId(await accountsOf(source, [bill.accountId, ...accountIds])),
    aggregations,
    compounds: await loadCompounds(source, lines),
    meters: byId(await metersOf(source, meters)),
    currencies: await ruleOfCurrency(source),
  };
}

async function usageLines({ db, bill }: Source): Promise<StatementLine[]> {
  const lines = (await linesOfBills(db, bill.orgId, [bill.id])).get(bill.id) ?? [];
  return lines
    .filter((line) => USAGE_TYPES.includes(line.lineItemType))
    .map((line) => ({
      ...line,
      usage: (line.reason as unknown as { usage?: readonly StoredUsage[] }).usage ?? [],
    }));
}

function isOfMeters(
  line: StatementLine,
  aggregations: ReadonlyMap<string, AggregationFacts>,
  meterIds: readonly string[] | null,
): boolean {
  if (meterIds === null) return true;
  const own = line.usage.map((usage) => aggregations.get(usage.aggregationId)?.definition.meterId);
  return [line.meterId, ...own].some((id) => id !== null && id !== undefined && meterIds.includes(id));
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

async function weekEpochOf({ db, bill }: Source): Promise<PlainDate> {
  const { rows } = await sql<{ weekEpoch: PlainDate }>`
    select week_epoch from organization_config where org_id = ${bill.orgId}`.execute(db);
  return present(rows[0]?.weekEpoch, 'the week epoch');
}

/** Spec 40 §10.1: the account's definition, else that of the organization, else the built-in one. */
async function layoutOf({ db, bill }: Source): Promise<StatementLayout> {
  const { rows } = await sql<StatementLayout>`
    select d.* from account a
    join organization_config c on c.org_id = a.org_id
    join statement_definition d on d.org_id = a.org_id
      and d.id = coalesce(a.statement_definition_id, c.default_statement_definition_id)
    where a.org_id = ${bill.orgId} and a.id = ${bill.accountId}`.execute(db);
  return rows[0] ?? BUILT_IN;
}

async function accountsOf({ db, bill }: Source, ids: readonly string[]): Promise<StatementAccount[]> {
  const { rows } = await sql<StatementAccount>`
    select id, code, name from account
    where org_id = ${bill.orgId} and id = any(${[...new Set(ids)]}::uuid[])`.execute(db);
  return rows;
}

async function metersOf({ db, bill }: Source, ids: readonly string[]): Promise<StatementMeter[]> {
  const { rows } = await sql<StatementMeter>`
    select id, data_fields || derived_fields as fields from meter
    where org_id = ${bill.orgId} and id = any(${[...new Set(ids)]}::uuid[])`.execute(db);
  return rows;
}

async function ruleOfCurrency({ db, bill }: Source): Promise<StatementFacts['currencies']> {
  const rules = await currencyRules(db, bill.orgId);
  const known = new Map(rules.map((rule) => [rule.code, rule]));
  return (code) => known.get(code) ?? defaultCurrencyRule(code);
}

/** The instants of a stored usage. */
export function spanOf({ start, end }: Pick<StoredUsage, 'start' | 'end'>) {
  return { start: Temporal.Instant.from(start), end: Temporal.Instant.from(end) };
}

/** The limits as a source of measurements takes them; nothing of those that there are not. */
export function limitsOf({ receivedBefore, absences }: Pick<StoredUsage, 'receivedBefore' | 'absences'>): {
  readonly receivedBefore?: Instant;
  readonly absences?: readonly UsageAbsence[];
} {
  return {
    ...(receivedBefore !== undefined && { receivedBefore: Temporal.Instant.from(receivedBefore) }),
    ...(absences !== undefined && {
      absences: absences.map((absence) => ({ accountId: absence.accountId, ...spanOf(absence) })),
    }),
  };
}
