import { sql } from 'kysely';
import { changeRecord } from '../../api/entity-writes.ts';
import { chargeAfter, chargesFrom, type ScheduledCharge } from '../../engine/billing/charge-schedule.ts';
import { newId } from '../../kernel/ids.ts';
import { isBefore } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { newEnvelope, type Stored } from '../../store/entity-store.ts';
import { type Change, recordChanges } from '../../store/outbox.ts';
import { rowSet } from '../../store/row-set.ts';
import {
  MAX_MADE_AT_ONCE,
  organizationCalendar,
  type Previewing,
  type RunScope,
  type ScheduleKind,
} from '../accounts/index.ts';
import {
  balanceChargeSchedule,
  chargeScheduleOf,
  type StoredChargeSchedule,
} from './balance-charge-schedule.ts';
import { charge } from './charge.ts';
import { scheduledCodes } from './scheduled-codes.ts';

/** Schedules that make charges for balances. */
export const CHARGE_SCHEDULES: ScheduleKind = {
  resource: balanceChargeSchedule,
  ids: {
    create: 'CreateBalanceChargeSchedule',
    list: 'ListBalanceChargeSchedule',
    get: 'GetBalanceChargeSchedule',
    update: 'UpdateBalanceChargeSchedule',
    delete: 'DeleteBalanceChargeSchedule',
    preview: 'PreviewScheduledCharge',
  },
  run: (tx, scope, schedule) => runSchedule(tx, scope, schedule as unknown as StoredChargeSchedule),
  preview: previewCharges,
  previewFields: charge.response,
};

/** Makes the charges whose bill dates have come, each time once (spec 50 §9). */
async function runSchedule(tx: Tx, scope: RunScope, stored: StoredChargeSchedule): Promise<boolean> {
  const { orgId, now } = scope.writer;
  const calendar = await organizationCalendar(tx, orgId);
  const schedule = chargeScheduleOf(calendar, stored);
  const next = chargeAfter(schedule, stored.lastOccurrence);
  if (next === null || isBefore(now, next.runAt)) {
    await sql`update balance_charge_schedule
      set next_run = ${next?.runAt.toString() ?? null}::timestamptz, counted_by = ${calendar.text}
      where org_id = ${orgId} and id = ${stored.id}`.execute(tx);
    return false;
  }
  const due = chargesFrom(schedule, next.index, MAX_MADE_AT_ONCE).filter(
    ({ runAt }) => !isBefore(now, runAt),
  );
  const last = due.at(-1) ?? next;
  await insertCharges(tx, scope, { stored, due });
  await sql`update balance_charge_schedule
    set next_run = ${chargeAfter(schedule, last.start)?.runAt.toString() ?? null}::timestamptz,
      previous_run = ${String(last.runAt)}, last_occurrence = ${String(last.start)},
      counted_by = ${calendar.text}
    where org_id = ${orgId} and id = ${stored.id}`.execute(tx);
  return due.length === MAX_MADE_AT_ONCE;
}

type Insertion = { readonly stored: StoredChargeSchedule; readonly due: readonly ScheduledCharge[] };

async function insertCharges(tx: Tx, scope: RunScope, { stored, due }: Insertion): Promise<void> {
  const { writer, balance, requestId } = scope;
  const accountId = String(balance['accountId']);
  const codes = await scheduledCodes(tx, { orgId: writer.orgId, accountId, schedule: stored, due });
  const given = due.map((one, at) => ({
    ...newEnvelope(writer),
    ...chargeFields(stored, balance, one),
    id: newId(),
    code: codes[at],
    scheduleId: stored.id,
    occurrence: one.start,
  }));
  const { rows } = await sql<{ id: string }>`
    insert into charge select r.* from ${await rowSet(tx, 'charge', given)} r
    on conflict (org_id, schedule_id, occurrence) do nothing returning id`.execute(tx);
  const ids = new Set(rows.map((row) => row.id));
  const made = given.filter((row) => ids.has(row.id));
  await recordChanges(tx, writer, { changes: made.map((row) => createdChange(row, requestId)) });
}

/** What a charge of the schedule says, also one that is only previewed. */
function chargeFields(stored: StoredChargeSchedule, balance: Stored, scheduled: ScheduledCharge): Row {
  return {
    accountId: balance['accountId'],
    name: stored.name,
    code: scheduledCode(stored.code, scheduled),
    entityType: 'BALANCE',
    lineItemType: 'BALANCE_FEE',
    entityId: balance.id,
    currency: stored.currency,
    amount: stored.amount,
    units: stored.units,
    unitPrice: stored.unitPrice,
    servicePeriodStartDate: scheduled.start,
    servicePeriodEndDate: scheduled.end,
    billDate: scheduled.billDate,
    description: stored.chargeDescription,
    accountingProductId: balance['feesAccountingProductId'],
    contractId: balance['contractId'],
  };
}

function createdChange(row: Row, requestId: string | null): Change {
  const origin = { orgId: String(row['orgId']), requestId };
  return changeRecord(charge, origin, { before: null, after: row as never });
}

function scheduledCode(code: string, { index }: ScheduledCharge): string {
  return `${code}-${index + 1}`.slice(0, 80);
}

async function previewCharges(tx: Tx, { values, balance, from, limit }: Previewing): Promise<Row[]> {
  const stored = values as unknown as StoredChargeSchedule;
  const schedule = chargeScheduleOf(await organizationCalendar(tx, balance.orgId), stored);
  return chargesFrom(schedule, from, limit).map((one) => chargeFields(stored, balance, one));
}
