import { sql } from 'kysely';
import { changeRecord } from '../../api/entity-writes.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { occurrenceAfter, occurrencesFrom } from '../../engine/calendar/schedule-occurrences.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { newEnvelope, type Writer } from '../../store/entity-store.ts';
import { type Change, recordChanges } from '../../store/outbox.ts';
import { rowSet } from '../../store/row-set.ts';
import { recordSeries } from './balance-moves.ts';
import {
  MAX_MADE_AT_ONCE,
  type Previewing,
  type RunScope,
  type ScheduleKind,
} from './balance-schedule-operations.ts';
import { balanceTransaction } from './balance-transaction.ts';
import {
  balanceTransactionSchedule,
  type TransactionSchedule,
  transactionTimes,
} from './balance-transaction-schedule.ts';
import { organizationCalendar } from './organization-calendar.ts';

/** Schedules that put money into balances. */
export const TRANSACTION_SCHEDULES: ScheduleKind = {
  resource: balanceTransactionSchedule,
  ids: {
    create: 'CreateBalanceTransactionSchedule',
    list: 'ListBalanceTransactionSchedule',
    get: 'GetBalanceTransactionSchedule',
    update: 'UpdateBalanceTransactionSchedule',
    delete: 'DeleteBalanceTransactionSchedule',
    preview: 'PreviewBalanceTransactionSchedule',
  },
  run: (tx, scope, schedule) => runSchedule(tx, scope, schedule as unknown as TransactionSchedule),
  preview: previewTransactions,
  previewFields: balanceTransaction.response,
};

/** Puts in what is due, oldest first, each moment once (spec 50 §7). Moments of 0 pass without a trace. */
async function runSchedule(tx: Tx, scope: RunScope, schedule: TransactionSchedule): Promise<boolean> {
  const { writer } = scope;
  const calendar = await organizationCalendar(tx, writer.orgId);
  const times = transactionTimes(schedule, calendar.zone);
  const next = occurrenceAfter(times, schedule.lastOccurrence);
  if (next === null || isBefore(writer.now, next.at)) {
    await sql`update balance_transaction_schedule
      set next_run = ${next?.at.toString() ?? null}::timestamptz, counted_by = ${calendar.text}
      where org_id = ${writer.orgId} and id = ${schedule.id}`.execute(tx);
    return false;
  }
  const due = occurrencesFrom(times, next.index, MAX_MADE_AT_ONCE)
    .map(({ at }) => at)
    .filter((at) => !isBefore(writer.now, at));
  const last = due.at(-1) ?? next.at;
  const made = schedule.amount.isZero() ? [] : due;
  await insertTransactions(tx, scope, { schedule, moments: made });
  await sql`update balance_transaction_schedule
    set next_run = ${occurrenceAfter(times, last)?.at.toString() ?? null}::timestamptz,
      counted_by = ${calendar.text},
      previous_run = coalesce(${made.at(-1)?.toString() ?? null}::timestamptz, previous_run),
      last_occurrence = ${String(last)}
    where org_id = ${writer.orgId} and id = ${schedule.id}`.execute(tx);
  return due.length === MAX_MADE_AT_ONCE;
}

type Insertion = { readonly schedule: TransactionSchedule; readonly moments: readonly Instant[] };

async function insertTransactions(tx: Tx, scope: RunScope, { schedule, moments }: Insertion): Promise<void> {
  const { writer, balance, requestId } = scope;
  if (moments.length === 0) return;
  const given = moments.map((at) => transactionRow(writer, schedule, at));
  const { rows } = await sql<{ id: string }>`
    insert into balance_transaction select r.* from ${await rowSet(tx, 'balance_transaction', given)} r
    on conflict (org_id, entity_id, transaction_date) where entity_type = 'SCHEDULER' do nothing
    returning id`.execute(tx);
  const ids = new Set(rows.map((row) => row.id));
  const made = given.filter((row) => ids.has(row.id));
  await recordChanges(tx, writer, { changes: made.map((row) => createdChange(row, requestId)) });
  const amounts = made.map((row) => row.amount);
  if (made.length > 0) await recordSeries(tx, writer, { before: balance, amounts, requestId });
}

function transactionRow(writer: Writer, schedule: TransactionSchedule, at: Instant) {
  return {
    ...newEnvelope(writer),
    balanceId: schedule.balanceId,
    announced: true,
    ...transactionFields(schedule, at),
  };
}

/** What a transaction of the schedule says, also one that is only previewed. */
function transactionFields(schedule: TransactionSchedule, at: Instant) {
  return {
    amount: schedule.amount,
    description: schedule.transactionDescription,
    transactionTypeId: schedule.transactionTypeId,
    transactionDate: at,
    appliedDate: at,
    paid: schedule.paid,
    currencyPaid: schedule.currencyPaid,
    entityType: 'SCHEDULER',
    entityId: schedule.id ?? null,
  };
}

function createdChange(row: Row, requestId: string | null): Change {
  const origin = { orgId: String(row['orgId']), requestId };
  return changeRecord(balanceTransaction, origin, { before: null, after: row as never });
}

async function previewTransactions(tx: Tx, { values, balance, from, limit }: Previewing): Promise<Row[]> {
  const schedule = values as unknown as TransactionSchedule;
  if (schedule.amount.isZero()) return [];
  const times = transactionTimes(schedule, await organizationZone(tx, balance.orgId));
  return occurrencesFrom(times, from, limit).map(({ at }) => {
    const { entityId: _, ...fields } = transactionFields(schedule, at);
    return fields;
  });
}
