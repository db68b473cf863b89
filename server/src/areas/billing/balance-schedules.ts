import type { Operation } from '../../api/operation.ts';
import { scheduleOperations, TRANSACTION_SCHEDULES } from '../accounts/index.ts';
import { CHARGE_SCHEDULES } from './run-charge-schedule.ts';

/** The operations of both kinds of schedules of balances (spec 50 §7, §9). */
export const balanceScheduleOperations: readonly Operation[] = [
  ...scheduleOperations(TRANSACTION_SCHEDULES),
  ...scheduleOperations(CHARGE_SCHEDULES),
];
