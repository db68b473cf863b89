import { sql } from 'kysely';
import type { BilledLine, BillIdentity, BillLine } from '../../engine/billing/bill.ts';
import type { BillTarget, ExistingBillFacts, PlanTemplateFacts } from '../../engine/billing/facts.ts';
import { UNCLOSED_DAYS } from '../../engine/billing/scheduled-slots.ts';
import { type Instant, localDate, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import { periodsFromJson, type Stored, type StoredPeriod, stampFromJson } from './bill-stamp.ts';
import { groupedBy } from './catalog-facts.ts';
import type { BillingOrganization } from './load-organization.ts';

/** Lines that people have put on a bill; calculations carry them along. */
export const MEMO_TYPES = ['CREDIT_MEMO', 'DEBIT_MEMO'] as const;

export type ExistingBills = {
  readonly organization: BillingOrganization;
  readonly rows: readonly ExistingBillRow[];
  readonly target: BillTarget;
  /** Of all attachments: the longest of their periods says how far back lines matter. */
  readonly planTemplates: readonly PlanTemplateFacts[];
};

/** A bill without its lines, as it is stored. */
export type ExistingBillRow = BillIdentity & {
  readonly id: string;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly billDate: PlainDate;
  readonly locked: boolean;
  readonly lastCalculatedDate: Instant;
  readonly stamp: Stored<ExistingBillFacts['stamp']>;
  readonly periods: readonly StoredPeriod[];
};

/** All bills of the accounts, and of those that were parents or children of one of them. */
export async function existingBillRows(
  { db, orgId }: { readonly db: Reader; readonly orgId: string },
  { billLockDate }: BillingOrganization,
  accountIds: readonly string[],
): Promise<readonly ExistingBillRow[]> {
  const { rows } = await sql<ExistingBillRow>`${prepared}
    select id, account_id, grid_date, group_key, frequency_key, start_date, end_date, bill_date,
      stamp, periods, last_calculated_date,
      (dt_locked is not null or coalesce(end_date <= ${billLockDate}::date, false)) as locked
    from bill where org_id = ${orgId} and account_id = any(array(
      select unnest(${accountIds}::uuid[])
      union select parent_account_id from former_parent
        where org_id = ${orgId} and account_id = any(${accountIds}::uuid[])
      union select account_id from former_parent
        where org_id = ${orgId} and parent_account_id = any(${accountIds}::uuid[])))`.execute(db);
  return rows;
}

/** The bills, with the lines that can still matter to what the target asks for. */
export async function loadExistingBills(db: Reader, wanted: ExistingBills): Promise<ExistingBillFacts[]> {
  const { rows } = wanted;
  if (rows.length === 0) return [];
  const [lines, memos] = await Promise.all([
    linesOf(db, wanted),
    memoLinesOf(db, wanted.organization.orgId, idsOf(rows)),
  ]);
  const linesByBill = groupedBy(lines, (line) => line.billId);
  const memosByBill = groupedBy(memos, (line) => line.billId);
  return rows.map((bill) => ({
    id: bill.id,
    identity: identityOf(bill),
    locked: bill.locked,
    startDate: bill.startDate,
    endDate: bill.endDate,
    billDate: bill.billDate,
    stamp: stampFromJson(bill.stamp),
    periods: periodsFromJson(bill.periods),
    lines: linesByBill.get(bill.id) ?? [],
    memoLines: memosByBill.get(bill.id) ?? [],
    calculatedAt: bill.lastCalculatedDate,
  }));
}

function identityOf({ accountId, gridDate, groupKey, frequencyKey }: ExistingBillRow): BillIdentity {
  return { accountId, gridDate, groupKey, frequencyKey };
}

function idsOf(bills: readonly ExistingBillRow[]): string[] {
  return bills.map((bill) => bill.id);
}

type LineRow = Omit<BilledLine, 'reason'> &
  Omit<BilledLine['reason'], 'mergedFrom'> & {
    readonly billId: string;
    readonly mergedFrom: readonly StoredLine[] | null;
  };

/** A line within jsonb: its instants have become text. */
type StoredLine = Omit<BilledLine, 'servicePeriodStartDate' | 'servicePeriodEndDate'> & {
  readonly servicePeriodStartDate: string;
  readonly servicePeriodEndDate: string;
};

function lineFromJson(line: StoredLine): BilledLine {
  return {
    ...line,
    servicePeriodStartDate: Temporal.Instant.from(line.servicePeriodStartDate),
    servicePeriodEndDate: Temporal.Instant.from(line.servicePeriodEndDate),
  };
}

/** Generated lines whose service time has not ended before the periods that are calculated. */
async function linesOf(db: Reader, wanted: ExistingBills) {
  const { orgId, facts } = wanted.organization;
  const { rows: bills } = wanted;
  const since = withOpenings(bills, earliestPeriodStart(wanted));
  const holders = billsReaching(bills, since, longestPeriodDays(wanted.planTemplates));
  const { rows } = await sql<LineRow>`${prepared}
    select bill_id, key, line_item_type, subtotal, currency, plan_id, plan_group_id, pricing_id,
      service_period_start_date, service_period_end_date, reason ->> 'chargeKey' as charge_key,
      reason ->> 'timing' as timing, reason ->> 'accountPlanId' as account_plan_id,
      reason ->> 'accountId' as account_id,
      (reason ->> 'normalSubtotal')::numeric as normal_subtotal,
      reason ->> 'refundedLineKey' as refunded_line_key, nullif(reason -> 'mergedFrom', '[]') as merged_from
    from bill_line_item
    where org_id = ${orgId} and bill_id = any(${idsOf(holders)}::uuid[])
      and service_period_end_date > ${String(startOfDate(since, facts.timezone))}
      and line_item_type <> all(${[...MEMO_TYPES]}::text[])`.execute(db);
  return rows.map((row) => {
    const { chargeKey, timing, accountPlanId, accountId, normalSubtotal, ...others } = row;
    const { refundedLineKey, mergedFrom: merged, ...line } = others;
    const mergedFrom = merged?.map(lineFromJson) ?? [];
    const reason = {
      chargeKey,
      timing,
      accountPlanId,
      accountId,
      normalSubtotal,
      refundedLineKey,
      mergedFrom,
    };
    return { ...line, reason };
  });
}

/**
 * The bills whose lines may serve a date or later ones. A line in advance serves time beyond the end of its
 * bill: up to the end of the period that the bill opened, a year also where the plan is a monthly one by now.
 * Bills from before that was stored may reach as far as the longest period there is now.
 */
function billsReaching(
  bills: readonly ExistingBillRow[],
  date: PlainDate,
  longestDays: number,
): readonly ExistingBillRow[] {
  const text = date.toString();
  const early = date.subtract({ days: longestDays });
  const reaching: ExistingBillRow[] = [];
  for (const bill of bills) {
    const opened = openedUntil(bill);
    const isOpened = opened === null ? isOnOrAfter(bill.endDate, early) : opened >= text;
    if (isOpened || isOnOrAfter(bill.endDate, date)) reaching.push(bill);
  }
  return reaching;
}

/**
 * The date, or that of the first bill whose charges in advance reach beyond it: what bills in between have
 * given back of them counts as well.
 */
function withOpenings(bills: readonly ExistingBillRow[], date: PlainDate): PlainDate {
  const text = date.toString();
  let first = date;
  for (const bill of bills) {
    const opened = openedUntil(bill);
    if (opened !== null && opened > text && !isOnOrAfter(bill.endDate, first)) first = bill.endDate;
  }
  return first;
}

/** The date, as text, that the bill's charges in advance reach to; null when it is not known, '' for none. */
function openedUntil({ periods }: ExistingBillRow): string | null {
  let latest = '';
  for (const { openedUntil: until, advanceChargeKeys } of periods) {
    if (until === undefined) return null;
    if (until !== null && until > latest && advanceChargeKeys.length > 0) latest = until;
  }
  return latest;
}

async function memoLinesOf(db: Reader, orgId: string, billIds: readonly string[]) {
  const { rows } = await sql<BillLine & { billId: string }>`${prepared}
    select * from bill_line_item
    where org_id = ${orgId} and bill_id = any(${billIds}::uuid[])
      and line_item_type = any(${[...MEMO_TYPES]}::text[])`.execute(db);
  return rows;
}

const UNIT_DAYS = { DAILY: 1, WEEKLY: 7, MONTHLY: 31, ANNUALLY: 366, AD_HOC: 0, MIXED: 0 } as const;

function longestPeriodDays(templates: readonly PlanTemplateFacts[]): number {
  const days = templates.map((row) => UNIT_DAYS[row.billFrequency] * row.billFrequencyInterval);
  return Math.max(1, ...days);
}

/**
 * A date before which no calculated period starts. The first period after a change of epoch begins where the
 * last bill ended, however long ago that is (spec 40 §3.4), so the last bill of each kind counts too.
 */
function earliestPeriodStart(wanted: ExistingBills): PlainDate {
  const { rows: bills } = wanted;
  const date = firstTargetDate(wanted);
  const horizon = date.subtract({ days: longestPeriodDays(wanted.planTemplates) + 1 });
  const near = bills.filter(
    (bill) => isOnOrAfter(bill.endDate, horizon) && isOnOrAfter(date, bill.startDate),
  );
  const latest = new Map<string, ExistingBillRow>();
  for (const bill of bills) {
    const kind = `${bill.accountId} ${bill.groupKey} ${bill.frequencyKey}`;
    const other = latest.get(kind);
    if (isOnOrAfter(date, bill.endDate) && (!other || isOnOrAfter(bill.endDate, other.endDate))) {
      latest.set(kind, bill);
    }
  }
  const starts = [...near, ...latest.values()].map((bill) => bill.startDate);
  return starts.reduce((first, start) => (isOnOrAfter(start, first) ? first : start), horizon);
}

function firstTargetDate({ target, organization, rows }: ExistingBills): PlainDate {
  if (target.kind === 'CREATE') {
    const { lastDateInBillingPeriod: last, billDate, now } = target;
    if (target.schedule !== undefined) {
      return localDate(now, target.schedule.zone).subtract({ days: UNCLOSED_DAYS + 1 });
    }
    return (
      last?.add({ days: 1 }) ?? billDate ?? localDate(now, target.timezone ?? organization.facts.timezone)
    );
  }
  const starts = rows.filter((bill) => target.billIds.includes(bill.id)).map((bill) => bill.startDate);
  const today = localDate(target.now, organization.facts.timezone);
  return starts.reduce((first, start) => (isOnOrAfter(start, first) ? first : start), today);
}

function isOnOrAfter(a: PlainDate, b: PlainDate): boolean {
  return Temporal.PlainDate.compare(a, b) >= 0;
}
