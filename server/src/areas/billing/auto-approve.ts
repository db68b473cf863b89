import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { approvalTime, type GracePeriod } from '../../engine/billing/approval-time.ts';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type BillRow, lockBillsWhere } from './bill-rows.ts';
import { updateFinishedBills } from './statements/order-statements.ts';

type Approving = GracePeriod & { readonly orgId: string };

/** Approves PENDING bills whose grace period is over, each bill once in its life (spec 40 §7.4). */
export const autoApproveBills = defineTask({
  name: 'autoApproveBills',
  payload: z.object({}),
  run: async (ctx) => {
    const { rows } = await sql<Approving>`
      select org_id, auto_approve_bills_grace_period as length, auto_approve_bills_grace_period_unit as unit
      from organization_config
      where auto_approve_bills_grace_period is not null and auto_approve_bills_grace_period_unit is not null
      order by org_id`.execute(ctx.db);
    for (const organization of rows) await approveDueBills(ctx, organization);
  },
});

/** Every minute, which is the shortest grace period. */
export const AUTO_APPROVE_BILLS = `* * * * * ${autoApproveBills.name} ?jobKey=autoApproveBills`;

const BATCH_BILLS = 200;

async function approveDueBills(ctx: Context, { orgId, ...grace }: Approving): Promise<void> {
  const now = ctx.clock.now();
  let after: string | null = null;
  do {
    const candidates: readonly Candidate[] = await pendingBills(ctx, orgId, { grace, now, after });
    const ids = candidates.filter((bill) => isDue(bill, grace, now)).map((bill) => bill.id);
    if (ids.length > 0) await inTransaction(ctx.db, (tx) => approve(ctx, tx, { orgId, ids, grace, now }));
    after = candidates.length < BATCH_BILLS ? null : (candidates.at(-1)?.id ?? null);
  } while (after !== null);
}

type Candidate = Pick<BillRow, 'id' | 'billDate' | 'dtCreated'> & {
  readonly stamp: { readonly timezone: string };
};

function isDue({ billDate, dtCreated, stamp }: Candidate, grace: GracePeriod, now: Instant): boolean {
  return !isBefore(now, approvalTime({ billDate, createdAt: dtCreated, zone: stamp.timezone }, grace));
}

type Search = { readonly grace: GracePeriod; readonly now: Instant; readonly after: string | null };

/** Bills that may be due: their exact time depends on the zone of each, which is a day off at most. */
async function pendingBills(
  { db }: Context,
  orgId: string,
  { grace, now, after }: Search,
): Promise<readonly Candidate[]> {
  const length = `${grace.length} ${grace.unit}`;
  const { rows } = await sql<Candidate>`
    select b.id, b.bill_date, b.dt_created, b.stamp from bill b
    join bill_config c on c.org_id = b.org_id
    where b.org_id = ${orgId} and b.status = 'PENDING'
      and not coalesce(b.end_date <= c.bill_lock_date, false)
      and b.bill_date <= (${now}::timestamptz at time zone 'UTC' - ${length}::interval)::date + 1
      and not exists (select from bill_auto_approval a where a.org_id = b.org_id and a.bill_id = b.id)
      and (${after}::uuid is null or b.id > ${after}::uuid)
    order by b.id limit ${BATCH_BILLS}`.execute(db);
  return rows;
}

type Batch = {
  readonly orgId: string;
  readonly ids: readonly string[];
  readonly grace: GracePeriod;
  readonly now: Instant;
};

/** A bill that somebody has approved, locked or deleted meanwhile is left alone. */
async function approve(ctx: Context, tx: Tx, { orgId, ids, grace, now }: Batch): Promise<void> {
  const found = await lockBillsWhere(tx, orgId, [
    sql`b.id = any(${ids}::uuid[])`,
    sql`b.status = 'PENDING'`,
    sql`not exists (select from bill_auto_approval a where a.org_id = b.org_id and a.bill_id = b.id)`,
  ]);
  const bills = found.filter(
    (bill) => bill.status === 'PENDING' && !bill.locked && isDue(bill as unknown as Candidate, grace, now),
  );
  if (bills.length === 0) return;
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now };
  await sql`insert into bill_auto_approval (org_id, bill_id, dt_approved)
    select ${orgId}, unnest(${bills.map((bill) => bill.id)}::uuid[]), ${now}::timestamptz`.execute(tx);
  const values = { status: 'APPROVED', dtApproved: now, approvedBy: SYSTEM_PRINCIPAL };
  await updateFinishedBills(tx, { ctx, writer, requestId: null }, { bills, values });
}
