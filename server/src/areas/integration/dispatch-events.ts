import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { type BackgroundLoop, repeated } from '../../jobs/background-loop.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { fireRules } from './fire-rules.ts';
import { countIngestFailures } from './ingest-alerts.ts';
import type { QueuedEvent } from './queued-event.ts';
import { systemWriter } from './send-integration-run.ts';
import { startEntityRuns } from './start-runs.ts';

/** How long an event waits at the most before an idle worker looks for it. */
const IDLE_MS = 200;
const FAILURE_PAUSE_MS = 1_000;
const BATCH_SIZE = 100;
/** An event that cannot be acted on is tried again after 2, 4, 8 … seconds, up to an hour. */
const MAX_PAUSE_SECONDS = 3_600;

/** Acts on events as long as the process works: rules fire, integrations run, alerts are raised. */
export function startEventDispatch(ctx: Context): BackgroundLoop {
  return repeated({
    step: () => dispatchEvents(ctx),
    idleMs: IDLE_MS,
    failurePauseMs: FAILURE_PAUSE_MS,
    onError: (error) => ctx.log.error({ err: error }, 'events could not be acted on yet, they stay queued'),
  });
}

/**
 * Acts on the next events of the queue; answers whether there were any. Taking an event and acting on it are
 * one transaction, so nothing is lost or done twice, and one transaction at a time does it, in the order in
 * which events were written (decision 0017). When a batch fails, its events are taken one by one, and the one
 * that fails waits.
 */
export async function dispatchEvents(ctx: Context): Promise<boolean> {
  try {
    return await dispatchBatch(ctx, BATCH_SIZE);
  } catch (error) {
    ctx.log.warn({ err: error }, 'a batch of events failed, they are acted on one by one');
  }
  for (let i = 0; i < BATCH_SIZE; i += 1) {
    if (!(await dispatchOne(ctx))) break;
  }
  return true;
}

function dispatchBatch(ctx: Context, size: number): Promise<boolean> {
  return inTransaction(ctx.db, async (tx) => {
    if (!(await isOnlyDispatcher(tx))) return false;
    const taken = await takeEvents(tx, size);
    await actOn(ctx, tx, taken.events);
    return taken.count > 0;
  });
}

/** As a batch of one; a failure puts this event off, and is told. */
async function dispatchOne(ctx: Context): Promise<boolean> {
  return inTransaction(ctx.db, async (tx) => {
    if (!(await isOnlyDispatcher(tx))) return false;
    const seq = await nextSeq(tx);
    if (seq === null) return false;
    await sql`savepoint one_event`.execute(tx);
    try {
      const { events } = await takeEvents(tx, 1);
      await actOn(ctx, tx, events);
      await sql`release savepoint one_event`.execute(tx);
    } catch (error) {
      ctx.log.error({ err: error }, 'an event could not be acted on, it is tried again');
      await sql`rollback to savepoint one_event`.execute(tx);
      await putOff(tx, seq);
    }
    return true;
  });
}

async function isOnlyDispatcher(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('meterbook.dispatch_events', 0)) as held`.execute(tx);
  return rows[0]?.held === true;
}

const DUE = sql`(not_before is null or not_before <= now())`;

async function nextSeq(tx: Tx): Promise<number | null> {
  const { rows } = await sql<{
    seq: number;
  }>`select seq from event_dispatch where ${DUE} and org_id is not null
    order by seq limit 1`.execute(tx);
  return rows[0]?.seq ?? null;
}

/** Takes events out of the queue; of those that have been deleted since only the count is left. */
async function takeEvents(tx: Tx, size: number): Promise<{ count: number; events: readonly QueuedEvent[] }> {
  const { rows } = await sql<QueuedEvent & { id: string | null }>`
    with taken as (
      delete from event_dispatch where seq in
        (select seq from event_dispatch where ${DUE} order by seq limit ${size})
      returning seq, org_id, event_id
    )
    select e.org_id, e.id, e.event_name, e.event_time, e.m3ter_event, e.dt_actioned, e.account_id,
      e.resource_id
    from taken t left join event e on e.org_id = t.org_id and e.id = t.event_id
    order by t.seq`.execute(tx);
  return { count: rows.length, events: rows.filter((event) => event.id !== null) };
}

async function putOff(tx: Tx, seq: number): Promise<void> {
  await sql`update event_dispatch set attempts = attempts + 1,
      not_before = now()
        + make_interval(secs => least(power(2, least(attempts + 1, 12)), ${MAX_PAUSE_SECONDS}))
    where seq = ${seq} and org_id is not null`.execute(tx);
}

async function actOn(ctx: Context, tx: Tx, events: readonly QueuedEvent[]): Promise<void> {
  for (const [orgId, own] of byOrganization(events)) {
    const writer = systemWriter(ctx, orgId);
    await countIngestFailures(tx, writer, own);
    await fireRules(tx, writer, own);
    await startEntityRuns(tx, writer, own);
  }
}

function byOrganization(events: readonly QueuedEvent[]): ReadonlyMap<string, readonly QueuedEvent[]> {
  const groups = new Map<string, QueuedEvent[]>();
  for (const event of events) groups.set(event.orgId, [...(groups.get(event.orgId) ?? []), event]);
  return groups;
}
