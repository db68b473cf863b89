import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { runDueSchedules, TRANSACTION_SCHEDULES } from '../accounts/index.ts';
import { CHARGE_SCHEDULES } from './run-charge-schedule.ts';

/** Makes the transactions and charges of balances whose time has come (spec 50 §7, §9). */
export const runBalanceSchedules = defineTask({
  name: 'runBalanceSchedules',
  payload: z.object({}),
  run: async (ctx) => {
    await runDueSchedules(ctx, TRANSACTION_SCHEDULES);
    await runDueSchedules(ctx, CHARGE_SCHEDULES);
  },
});

/** Every minute; one run waits for nobody, since each schedule is locked while it runs. */
export const RUN_BALANCE_SCHEDULES = `* * * * * ${runBalanceSchedules.name} ?jobKey=runBalanceSchedules`;
