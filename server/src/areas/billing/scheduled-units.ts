import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { BillFacts, CreateTarget } from '../../engine/billing/facts.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { latestArrivals } from '../usage/index.ts';
import type { BillJob } from './bill-job.ts';
import { createTarget } from './bill-target.ts';
import type { UnitFacts } from './load-bill-facts.ts';
import type { BillingOrganization } from './load-organization.ts';

/** What a run of the schedule asks for; null when the schedule has been switched off since. */
export function scheduledTarget(job: BillJob, { schedule }: BillingOrganization): CreateTarget | null {
  if (schedule === null || job.scheduledAt === null) return null;
  return { ...createTarget(job, job.scheduledAt), timezone: null, schedule };
}

type Approved = {
  readonly id: string;
  readonly unitId: string;
  readonly startDateTimeUtc: Instant;
  /** What came before it is on the bill. */
  readonly measuredBefore: Instant;
};

/**
 * The units for a run of the schedule: approved bills are taken as they are when nothing has come but what
 * was stored when they were calculated (spec 40 §7.6). Unlike locked ones they still hold what is dated for
 * them.
 */
export async function withSettledBills(
  ctx: Context,
  tx: Tx,
  { orgId, units }: { readonly orgId: string; readonly units: readonly UnitFacts[] },
): Promise<readonly UnitFacts[]> {
  const billIds = units.flatMap(({ facts }) =>
    facts.bills.filter((bill) => !bill.locked).map(({ id }) => id),
  );
  const { rows: approved } = await sql<Approved>`
    select b.id, coalesce(a.parent_account_id, a.id) as unit_id, b.start_date_time_utc,
      coalesce(m.measured_before, b.last_calculated_date) as measured_before
    from bill b join account a on a.org_id = b.org_id and a.id = b.account_id
    left join bill_manifest m on m.org_id = b.org_id and m.bill_id = b.id
    where b.org_id = ${orgId} and b.id = any(${billIds}::uuid[]) and b.status = 'APPROVED'`.execute(tx);
  if (approved.length === 0) return units;
  const accountIds = units.flatMap(({ facts }) => facts.accounts.map((account) => account.id));
  const arrivals = await latestArrivals(ctx, orgId, {
    accountIds,
    since: approved.map((bill) => bill.startDateTimeUtc).reduce((a, b) => (isBefore(b, a) ? b : a)),
  });
  const byUnit = new Map(units.map((unit) => [unit.unitId, latestOf(unit.facts, arrivals)]));
  const settled = new Set(
    approved.filter((bill) => !isNewer(byUnit.get(bill.unitId), bill)).map((bill) => bill.id),
  );
  return units.map((unit) => ({
    ...unit,
    facts: { ...unit.facts, bills: settledAmong(unit.facts, settled) },
  }));
}

function latestOf({ accounts }: BillFacts, arrivals: ReadonlyMap<string, Instant>): Instant | null {
  const times = accounts.map((account) => arrivals.get(account.id)).filter((time) => time !== undefined);
  return times.length === 0 ? null : times.reduce((a, b) => (isBefore(a, b) ? b : a));
}

function isNewer(arrival: Instant | null | undefined, { measuredBefore }: Approved): boolean {
  return arrival !== null && arrival !== undefined && !isBefore(arrival, measuredBefore);
}

function settledAmong({ bills }: BillFacts, settled: ReadonlySet<string>): BillFacts['bills'] {
  return bills.map((bill) => (settled.has(bill.id) ? { ...bill, settled: true } : bill));
}
