import { sql } from 'kysely';
import { localDate } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { recordEvents } from '../../store/outbox.ts';
import { RULE_FIRED } from './list-events.ts';
import { notification } from './notification.ts';
import { notificationVerdict } from './notification-calculation.ts';
import { payloadOf, type QueuedEvent } from './queued-event.ts';
import { raiseOnce } from './raise-alert.ts';
import { type NewRun, startRun } from './start-runs.ts';

type Rule = {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly description: string;
  readonly eventName: string;
  readonly alwaysFireEvent: boolean;
  readonly calculation: string | null;
};

type Firing = { readonly rule: Rule; readonly event: QueuedEvent };

/**
 * Fires the rules that are active now on the events of one organization: an event of its own for each, and a
 * run for each destination that the rule is linked to (spec 60 §3.2, §3.5).
 */
export async function fireRules(tx: Tx, writer: Writer, events: readonly QueuedEvent[]): Promise<void> {
  const rules = await activeRules(tx, writer.orgId, [...new Set(events.map(({ eventName }) => eventName))]);
  const firings: Firing[] = [];
  for (const event of events) {
    for (const rule of rules) {
      if (rule.eventName !== event.eventName) continue;
      if (await holds(tx, writer, { rule, event })) firings.push({ rule, event });
    }
  }
  if (firings.length === 0) return;
  const fired = firings.map((firing) => ({ name: RULE_FIRED, attributes: firedAttributes(firing) }));
  await recordEvents(tx, writer, fired);
  await startRuleRuns(tx, writer, firings);
}

async function activeRules(tx: Tx, orgId: string, eventNames: readonly string[]): Promise<readonly Rule[]> {
  const { rows } = await sql<Rule>`
    select id, code, name, description, event_name, always_fire_event, calculation from notification
    where org_id = ${orgId} and active and event_name = any(${eventNames}::text[])
    order by dt_created, id`.execute(tx);
  return rows;
}

/** A calculation that fails fires nothing, and is told once a day (spec 60 §3.2). */
async function holds(tx: Tx, writer: Writer, { rule, event }: Firing): Promise<boolean> {
  if (rule.alwaysFireEvent) return true;
  const verdict = notificationVerdict(rule.calculation ?? 'false', payloadOf(event), writer.now);
  if (verdict.kind === 'value') return verdict.value === true;
  await raiseOnce(tx, writer, {
    dedupeKey: `rule ${rule.id} ${localDate(writer.now, 'UTC')}`,
    raised: {
      type: 'CONFIGURATION',
      severity: 'WARN',
      description: `Notification rule ${rule.code} failed on ${event.eventName}: ${verdict.message}`,
      entityType: notification.name,
      entityId: rule.id,
    },
  });
  return false;
}

function firedAttributes({ rule, event }: Firing): Row {
  const { id, eventName, eventTime } = event;
  return { ...payloadOf(event), notification: ruleFacts(rule), sourceEvent: { id, eventName, eventTime } };
}

function ruleFacts({ id, code, name, description }: Rule): Row {
  return { id, code, name, description };
}

async function startRuleRuns(tx: Tx, writer: Writer, firings: readonly Firing[]): Promise<void> {
  const ruleIds = [...new Set(firings.map(({ rule }) => rule.id))];
  const { rows } = await sql<NewRun['config'] & { notificationId: string }>`
    select id, destination, destination_id, notification_id from integration_config
    where org_id = ${writer.orgId} and enabled and notification_id = any(${ruleIds}::uuid[])
    order by dt_created, id`.execute(tx);
  for (const { rule, event } of firings) {
    const { id, eventName, eventTime, m3terEvent, accountId } = event;
    const source = { notification: ruleFacts(rule), event: { id, eventName, eventTime, m3terEvent } };
    for (const config of rows.filter(({ notificationId }) => notificationId === rule.id)) {
      await startRun(tx, writer, {
        config,
        entityType: 'Notification',
        entityId: rule.id,
        accountId,
        source,
      });
    }
  }
}
