import { sql } from 'kysely';
import { deleteOwned } from '../../api/delete-owned.ts';
import { deleteOperation } from '../../api/resource.ts';
import { balance, balanceTransactionSchedule } from '../accounts/index.ts';
import { balanceChargeSchedule } from './balance-charge-schedule.ts';
import { charge } from './charge.ts';

/**
 * Deletes a balance with its transactions, its schedules and the charges for it that are on no bill, each
 * entity with an event of its own (spec 50 §5.2); those on bills are owed.
 */
export const deleteBalance = deleteOperation({
  ...balance,
  beforeDelete: async (scope, before) => {
    const ofBalance = sql<boolean>`balance_id = ${before.id}`;
    await deleteOwned(charge, scope, sql`entity_id = ${before.id} and bill_id is null`);
    await deleteOwned(balanceTransactionSchedule, scope, ofBalance);
    await deleteOwned(balanceChargeSchedule, scope, ofBalance);
    await balance.beforeDelete?.(scope, before);
  },
});
