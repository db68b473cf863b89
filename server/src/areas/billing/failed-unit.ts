import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { Writer } from '../../store/entity-store.ts';
import { recordChanges } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { billJobAlert } from './billing-alerts.ts';

/** Codes of ClickHouse for figures that it cannot calculate: overflow, division by 0, value out of range. */
const FIGURE_ERRORS = ['407', '153', '321', '69'];

/**
 * Whether a store has refused what it was given, a number that is too large for one: trying again would end
 * the same way. A store that cannot be reached is another matter.
 */
function isUnstorable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') return false;
  // PostgreSQL: data exceptions and broken constraints.
  return /^2[23][0-9A-Z]{3}$/.test(code) || FIGURE_ERRORS.includes(code);
}

/** What the alert says of a unit that no further attempt would bill; null when another one might. */
export function hopelessCause(error: unknown): string | null {
  if (isUnstorable(error)) return 'a figure is out of the range that can be stored';
  // Of the kernel's readers of dates and numbers: what is stored is none.
  return error instanceof RangeError ? 'a stored value cannot be read' : null;
}

type FailedUnit = {
  readonly billJobId: string;
  /** The parent account of the unit, or its only one. */
  readonly unitId: string;
  readonly error: Error;
  readonly cause: string;
};

/** Takes a unit that cannot be billed off the job's list, with an alert that says so (spec 40 §14). */
export async function failUnit(
  ctx: Context,
  writer: Writer,
  { billJobId, unitId, error, cause }: FailedUnit,
): Promise<void> {
  ctx.log.error({ err: error, unitId, billJobId }, 'a unit could not be billed');
  await inTransaction(ctx.db, async (tx) => {
    const { rows } = await sql<{ code: string }>`
      with failed as (
        delete from bill_job_unit
        where org_id = ${writer.orgId} and bill_job_id = ${billJobId} and account_id = ${unitId}
        returning org_id, account_id
      )
      select a.code from failed f join account a on a.org_id = f.org_id and a.id = f.account_id`.execute(tx);
    const [account] = rows;
    if (account === undefined) return;
    const description = `Bills of account ${account.code} could not be calculated: ${cause}`;
    const alert = { severity: 'ERROR', description, entityType: 'Account', entityId: unitId } as const;
    await recordChanges(tx, writer, { changes: [billJobAlert(writer, alert)] });
  });
}
