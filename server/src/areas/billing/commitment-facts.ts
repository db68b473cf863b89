import { sql } from 'kysely';
import type { BilledFee, CommitmentFacts, FeeDateFacts } from '../../engine/billing/commitment-facts.ts';
import type { BilledDraw } from '../../engine/billing/facts.ts';
import type { ClosedSpan } from '../../engine/calendar/local-dates.ts';
import { type Instant, instantFromText, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import { groupedBy } from './catalog-facts.ts';

type Source = { readonly db: Reader; readonly orgId: string };

export type CommitmentRequest = {
  readonly accountIds: readonly string[];
  /** The organization's timezone. */
  readonly zone: string;
  /** Whether nobody else may draw on the commitments until the transaction ends. */
  readonly lock: boolean;
};

/**
 * The commitments of the accounts with what bills have drawn on them and billed of them. They are found and
 * locked first and read then, so that what was waited for counts; one that is created meanwhile is left to
 * the next calculation.
 */
export async function loadCommitments(
  source: Source,
  request: CommitmentRequest,
): Promise<readonly CommitmentFacts[]> {
  const { db, orgId } = source;
  const { rows } = await sql<{ id: string }>`${prepared}
    select id from commitment where org_id = ${orgId} and account_id = any(${request.accountIds}::uuid[])
    order by id ${request.lock ? sql`for no key update` : sql``}`.execute(db);
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return [];
  const [commitments, allDraws, allFees] = await Promise.all([
    rowsOf(source, ids),
    drawsOf(source, ids),
    feesOf(source, ids),
  ]);
  const draws = groupedBy(allDraws, (draw) => draw.commitmentId);
  const fees = groupedBy(allFees, (fee) => fee.commitmentId);
  return commitments.map((row) => ({
    ...row,
    feeDates: row.feeDates.map((fee) => feeDateFromJson(fee, request.zone)),
    draws: (draws.get(row.id) ?? []).map(({ billId, amount }) => ({ billId, amount, phase: 'BASE' })),
    fees: (fees.get(row.id) ?? []).map(billedFee),
  }));
}

/** A date of jsonb: its days and moments have become text. */
type StoredFeeDate = Pick<FeeDateFacts, 'amount'> & {
  readonly [name in Exclude<keyof FeeDateFacts, 'amount'>]: string;
};

type CommitmentRow = Omit<CommitmentFacts, 'feeDates' | 'draws' | 'fees'> & {
  readonly feeDates: readonly StoredFeeDate[];
};

function feeDateFromJson(fee: StoredFeeDate, zone: string): FeeDateFacts {
  return {
    amount: fee.amount,
    date: Temporal.PlainDate.from(fee.date),
    servicePeriodStartDate: momentFromJson(fee.servicePeriodStartDate, zone),
    servicePeriodEndDate: momentFromJson(fee.servicePeriodEndDate, zone),
  };
}

/** Bare dates were stored as they were sent before they were placed at their midnight. */
function momentFromJson(text: string, zone: string): Instant {
  return instantFromText(text) ?? startOfDate(Temporal.PlainDate.from(text), zone);
}

async function rowsOf({ db, orgId }: Source, ids: readonly string[]): Promise<CommitmentRow[]> {
  const { rows } = await sql<CommitmentRow>`${prepared}
    select c.*, t.bill_frequency, t.bill_frequency_interval
    from commitment c
    left join plan p on p.org_id = c.org_id and p.id = c.billing_plan_id
    left join plan_template t on t.org_id = p.org_id and t.id = p.plan_template_id
    where c.org_id = ${orgId} and c.id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function drawsOf({ db, orgId }: Source, ids: readonly string[]) {
  const { rows } = await sql<Pick<BilledDraw, 'billId' | 'amount'> & { commitmentId: string }>`${prepared}
    select commitment_id, bill_id, sum(amount) as amount from commitment_movement
    where org_id = ${orgId} and commitment_id = any(${ids}::uuid[]) and kind = 'DRAW'
    group by commitment_id, bill_id having sum(amount) <> 0`.execute(db);
  return rows;
}

type FeeRow = BilledFee & ClosedSpan & { readonly commitmentId: string };

async function feesOf({ db, orgId }: Source, ids: readonly string[]): Promise<FeeRow[]> {
  const { rows } = await sql<FeeRow>`${prepared}
    select commitment_id, bill_id, key, subtotal as amount,
      service_period_start_date as start, service_period_end_date as end
    from bill_line_item
    where org_id = ${orgId} and commitment_id = any(${ids}::uuid[])
      and line_item_type = 'COMMITMENT_FEE'`.execute(db);
  return rows;
}

function billedFee({ billId, key, amount, start, end }: FeeRow): BilledFee {
  return { billId, key, amount, service: { start, end } };
}
