import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { inTransaction } from '../../store/transaction.ts';
import { recordBillChanges } from './bill-changes.ts';
import { billJobAlert } from './billing-alerts.ts';

type Difference = {
  readonly orgId: string;
  readonly balanceId: string;
  readonly held: Decimal;
  readonly moved: Decimal;
};

/**
 * Compares what every balance holds with the sum of its movements. They are written by one statement, so a
 * difference means that somebody has changed the database by hand: it raises an alert and mends nothing.
 */
export const checkBalanceLedgers = defineTask({
  name: 'checkBalanceLedgers',
  payload: z.object({}),
  run: async (ctx) => {
    const { rows } = await sql<Difference>`
      with held as (
        select org_id, balance_id, sum(amount) as amount from balance_transaction
        where org_id in (select id from organization) group by org_id, balance_id
      ), moved as (
        select org_id, balance_id, sum(amount) as amount from balance_movement
        where org_id in (select id from organization) group by org_id, balance_id
      )
      select coalesce(h.org_id, m.org_id) as org_id, coalesce(h.balance_id, m.balance_id) as balance_id,
        coalesce(h.amount, 0) as held, coalesce(m.amount, 0) as moved
      from held h full join moved m on m.org_id = h.org_id and m.balance_id = h.balance_id
      where coalesce(h.amount, 0) <> coalesce(m.amount, 0)`.execute(ctx.db);
    for (const { orgId, balanceId, held, moved } of rows) {
      const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
      const description =
        `The transactions of balance ${balanceId} add up to ${held.toFixed()}, ` +
        `its movements to ${moved.toFixed()}`;
      const alert = { severity: 'ERROR', description, entityType: 'Balance', entityId: balanceId } as const;
      await inTransaction(ctx.db, (tx) => recordBillChanges(tx, writer, [billJobAlert(writer, alert)]));
    }
  },
});

/** Once a night. */
export const CHECK_BALANCE_LEDGERS_DAILY = `10 4 * * * ${checkBalanceLedgers.name}`;
