import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Row, Tx } from '../../store/database.ts';
import { insertEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { account } from '../accounts/index.ts';

/**
 * Lets one worker at a time create accounts for the organization, until its transaction ends: two that did
 * so for codes that match closely would both succeed. What is known of accounts must be read again after
 * it.
 */
export async function lockAccountCreation(tx: Tx, orgId: string): Promise<void> {
  const name = `account creation of ${orgId}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
}

/**
 * Creates accounts for codes that usage was sent for (spec 20 §7.7). A client that creates one of them at
 * the same time collides on its unique key: then this transaction fails, and finds the account when it is
 * run again.
 */
export async function createAccounts(
  ctx: Context,
  tx: Tx,
  { orgId, codes }: { readonly orgId: string; readonly codes: readonly string[] },
): Promise<void> {
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  for (const code of codes) {
    const hash = createHash('sha256').update(`${orgId}\n${code}`).digest('hex').slice(0, 24);
    const emailAddress = `${hash}-autocreated@example.com`;
    const values = { name: `${code}-autocreated`, code, emailAddress, customFields: {} };
    const created = await insertEntity(tx, account.entityTable, { writer, values });
    await recordChange(tx, writer, {
      entityType: account.name,
      entityId: created.id,
      action: 'created',
      event: account.event,
      before: null,
      after: created as Row,
      requestId: null,
    });
  }
}
