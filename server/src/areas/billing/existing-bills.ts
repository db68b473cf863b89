import { sql } from 'kysely';
import type { BilledLine, BillIdentity, BillLine } from '../../engine/billing/bill.ts';
import type { BillTarget, ExistingBillFacts, PlanTemplateFacts } from '../../engine/billing/facts.ts';
import { UNCLOSED_DAYS } from '../../engine/billing/scheduled-slots.ts';
import { type Instant, localDate, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Db, Tx } from '../../store/database.ts';
import { periodsFromJson, type Stored, type StoredPeriod, stampFromJson } from './bill-stamp.ts';
import { groupedBy } from './catalog-facts.ts';
import type { BillingOrganization } from './load-organization.ts';

/** Lines that people have put on a bill; calculations carry them along. */
export const MEMO_TYPES = ['CREDIT_MEMO', 'DEBIT_MEMO'] as const;

export type ExistingBills = {
  readonly organization: BillingOrganization;
  readonly accountIds: readonly string[];
  readonly target: BillTarget;
  /** Of all attachments: the longest of their periods says how far back lines matter. */
  readonly planTemplates: readonly PlanTemplateFacts[];
};

type BillRow = BillIdentity & {
  readonly id: string;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly billDate: PlainDate;
  readonly locked: boolean;
  readonly lastCalculatedDate: Instant;
  readonly stamp: Stored<ExistingBillFacts['stamp']>;
  readonly periods: readonly StoredPeriod[];
};

/** All bills of the accounts, with the lines that can still matter to what the target asks for. */
export async function loadExistingBills(db: Db | Tx, wanted: ExistingBills): Promise<ExistingBillFacts[]> {
  const { orgId, billLockDate } = wanted.organization;
  const { rows: bills } = await sql<BillRow>`
    select id, account_id, grid_date, group_key, frequency_key, start_date, end_date, bill_date,
      stamp, periods, last_calculated_date,
      (dt_locked is not null or coalesce(end_date <= ${billLockDate}::date, false)) as locked
    from bill where org_id = ${orgId} and account_id = any(${wanted.accountIds}::uuid[])`.execute(db);
  if (bills.length === 0) return [];
  const lines = groupedBy(await linesOf(db, wanted, bills), (line) => line.billId);
  const memos = groupedBy(await memoLinesOf(db, orgId, idsOf(bills)), (line) => line.billId);
  return bills.map((bill) => ({
    id: bill.id,
    identity: identityOf(bill),
    locked: bill.locked,
    startDate: bill.startDate,
    endDate: bill.endDate,
    billDate: bill.billDate,
    stamp: stampFromJson(bill.stamp),
    periods: periodsFromJson(bill.periods),
    lines: lines.get(bill.id) ?? [],
    memoLines: memos.get(bill.id) ?? [],
    calculatedAt: bill.lastCalculatedDate,
  }));
}

function identityOf({ accountId, gridDate, groupKey, frequencyKey }: BillRow): BillIdentity {
  return { accountId, gridDate, groupKey, frequencyKey };
}

function idsOf(bills: readonly BillRow[]): string[] {
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
async function linesOf(db: Db | Tx, wanted: ExistingBills, bills: readonly BillRow[]) {
  const { orgId, facts } = wanted.organization;
  const longestDays = longestPeriodDays(wanted.planTemplates);
  const since = earliestPeriodStart(wanted, bills);
  // A line in advance may serve a whole period beyond the end of its bill.
  const holders = bills.filter(({ endDate }) => isOnOrAfter(endDate, since.subtract({ days: longestDays })));
  const { rows } = await sql<LineRow>`
    select bill_id, key, line_item_type, subtotal, currency, plan_id, plan_group_id, pricing_id,
      service_period_start_date, service_period_end_date, reason ->> 'chargeKey' as charge_key,
      reason ->> 'timing' as timing, reason ->> 'accountPlanId' as account_plan_id,
      (reason ->> 'normalSubtotal')::numeric as normal_subtotal,
      reason ->> 'refundedLineKey' as refunded_line_key, nullif(reason -> 'mergedFrom', '[]') as merged_from
    from bill_line_item
    where org_id = ${orgId} and bill_id = any(${idsOf(holders)}::uuid[])
      and service_period_end_date > ${String(startOfDate(since, facts.timezone))}
      and line_item_type <> all(${[...MEMO_TYPES]}::text[])`.execute(db);
  return rows.map(
    ({ chargeKey, timing, accountPlanId, normalSubtotal, refundedLineKey, mergedFrom, ...line }) => {
      const merged = mergedFrom?.map(lineFromJson) ?? [];
      return {
        ...line,
        reason: { chargeKey, timing, accountPlanId, normalSubtotal, refundedLineKey, mergedFrom: merged },
      };
    },
  );
}

async function memoLinesOf(db: Db | Tx, orgId: string, billIds: readonly string[]) {
  const { rows } = await sql<BillLine & { billId: string }>`
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
function earliestPeriodStart(wanted: ExistingBills, bills: readonly BillRow[]): PlainDate {
  const date = firstTargetDate(wanted, bills);
  const horizon = date.subtract({ days: longestPeriodDays(wanted.planTemplates) + 1 });
  const near = bills.filter(
    (bill) => isOnOrAfter(bill.endDate, horizon) && isOnOrAfter(date, bill.startDate),
  );
  const latest = new Map<string, BillRow>();
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

function firstTargetDate({ target, organization }: ExistingBills, bills: readonly BillRow[]): PlainDate {
  if (target.kind === 'CREATE') {
    const { lastDateInBillingPeriod: last, billDate, now } = target;
    if (target.schedule !== undefined) {
      return localDate(now, target.schedule.zone).subtract({ days: UNCLOSED_DAYS + 1 });
    }
    return (
      last?.add({ days: 1 }) ?? billDate ?? localDate(now, target.timezone ?? organization.facts.timezone)
    );
  }
  const starts = bills.filter((bill) => target.billIds.includes(bill.id)).map((bill) => bill.startDate);
  const today = localDate(target.now, organization.facts.timezone);
  return starts.reduce((first, start) => (isOnOrAfter(start, first) ? first : start), today);
}

function isOnOrAfter(a: PlainDate, b: PlainDate): boolean {
  return Temporal.PlainDate.compare(a, b) >= 0;
}
