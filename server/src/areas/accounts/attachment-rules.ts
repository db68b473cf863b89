import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import { refuseClash } from '../pricing/index.ts';
import { contractMustFit } from './contract-link.ts';

type Attachment = {
  readonly id: string;
  readonly accountId: string;
  readonly planId: string | null;
  readonly planGroupId: string | null;
  readonly contractId: string | null;
  readonly startDate: Instant;
  readonly endDate: Instant | null;
};

/**
 * The rules of an attachment that has just been written: its contract fits, bespoke plans stay with their
 * account, and it does not clash with another attachment more than it did (spec 30 §16, §16.1, §16.4).
 */
export async function attachmentMustFit(
  scope: CheckScope,
  next: Attachment,
  before: Attachment | null,
): Promise<void> {
  await contractMustFit(scope, next);
  await lockForAttachment(scope, next);
  await bespokeMustFit(scope, next);
  const field = next.planId === null ? 'planGroupId' : 'planId';
  await refuseClash(scope, { field, attachment: sql`a.id = ${next.id}`, before });
}

/**
 * Holds the group's members and the account's attachments as they are until the transaction ends, group
 * before account, as a change of the group's members does: of two writes at the same time the second sees the
 * first.
 */
async function lockForAttachment({ tx, orgId }: CheckScope, next: Attachment): Promise<void> {
  if (next.planGroupId !== null) {
    await sql`select from plan_group where org_id = ${orgId} and id = ${next.planGroupId} for share`.execute(
      tx,
    );
  }
  await sql`select from account where org_id = ${orgId} and id = ${next.accountId} for no key update`.execute(
    tx,
  );
}

async function bespokeMustFit({ tx, orgId }: CheckScope, next: Attachment): Promise<void> {
  const table = next.planId === null ? 'plan_group' : 'plan';
  const { rows } = await sql`
    select from ${sql.table(table)} where org_id = ${orgId} and id = ${next.planId ?? next.planGroupId}
      and account_id <> ${next.accountId}`.execute(tx);
  if (rows.length === 0) return;
  const field = next.planId === null ? 'planGroupId' : 'planId';
  throw refusal('VALIDATION_FAILED', field, 'is bespoke and belongs to another account');
}
