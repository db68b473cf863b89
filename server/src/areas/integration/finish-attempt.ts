import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import type { Context } from '../../context.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { lockEntity, replaceEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange, recordEvent } from '../../store/outbox.ts';
import { integrationConfig } from './integration-config.ts';
import { integrationRun, type RunStatus, type StoredRun } from './integration-run.ts';
import { writeRunLog } from './integration-run-log.ts';
import { mailNotified } from './mail-notified.ts';
import { raiseAlert } from './raise-alert.ts';
import { type Outcome, PERFORM_ERROR, pauseMs } from './run-outcome.ts';

export type StoredConfig = EntityOf<typeof integrationConfig.fields>;

export type Attempt = {
  readonly run: StoredRun;
  /** Counted from 0. */
  readonly attempt: number;
  readonly outcome: Outcome;
  /** What was sent and answered, secrets masked. */
  readonly log: Row;
};

/** In whose name an attempt ends. */
type System = { readonly ctx: Context; readonly writer: Writer };

/** A run that has come to its end, or waits for its next attempt. */
type Next = {
  readonly status: RunStatus;
  readonly error: string | null;
  readonly event: string | null;
  readonly at: Instant | null;
};

/**
 * Writes how an attempt has ended, with its log, and what follows from it for the configuration. Answers when
 * the next attempt is due; null when there is none. Does nothing when the attempt has ended before.
 */
export async function finishAttempt(tx: Tx, by: System, attempt: Attempt): Promise<Instant | null> {
  const { writer } = by;
  const { orgId, now } = writer;
  const { run, outcome } = attempt;
  const locked = await lockEntity(tx, integrationRun.entityTable, { orgId, id: run.id });
  if (!locked || locked['attempts'] !== attempt.attempt) return null;
  const next = nextOf(attempt, now);
  const { externalId, url } = outcome.kind === 'complete' ? outcome : { externalId: null, url: null };
  await sql`update integration_run set status = ${next.status}, error = ${next.error},
      external_id = ${externalId}, url = ${url}, attempts = attempts + 1,
      dt_completed = ${next.at === null ? String(now) : null}::timestamptz,
      next_attempt_at = ${next.at?.toString() ?? null}::timestamptz,
      version = version + 1, dt_last_modified = ${now}
    where org_id = ${orgId} and id = ${run.id}`.execute(tx);
  await writeRunLog(tx, writer, { runId: run.id, attempt: attempt.attempt, entry: attempt.log });
  if (next.at === null) await endRun(tx, by, { run, next });
  return next.at;
}

function nextOf({ run, attempt, outcome }: Attempt, now: Instant): Next {
  if (outcome.kind === 'complete') return { status: 'COMPLETE', error: null, event: null, at: null };
  const { error } = outcome;
  if (outcome.kind === 'failed') return { status: outcome.status, error, event: outcome.event, at: null };
  const pause = pauseMs(run.id, attempt + 1);
  if (pause === null) {
    const status = outcome.isTimeout ? 'TIMEOUT_LIMIT_EXCEEDED' : 'ERROR';
    return { status, error, event: PERFORM_ERROR, at: null };
  }
  const at = now.add({ milliseconds: outcome.afterMs ?? pause });
  return { status: outcome.status, error, event: null, at };
}

type End = { readonly run: StoredRun; readonly next: Next };

async function endRun(tx: Tx, by: System, end: End): Promise<void> {
  const { writer } = by;
  const { run, next } = end;
  const key = { orgId: writer.orgId, id: run.integrationConfigId };
  const config = (await lockEntity(tx, integrationConfig.entityTable, key)) as unknown as StoredConfig | null;
  const attributes = { ...(await attributesOf(tx, end)), integrationConfigName: config?.name ?? null };
  if (next.event !== null) await recordEvent(tx, writer, { name: next.event, attributes });
  if (config) await countEnd(tx, by, { config, status: next.status, attributes });
}

/** What events about integrations say (spec 60 §1.5). */
async function attributesOf(tx: Tx, { run, next }: End): Promise<Row> {
  const { rows } = await sql<{ code: string }>`select code from account
    where org_id = ${run.orgId} and id = ${run.accountId}`.execute(tx);
  return {
    integrationRunId: run.id,
    integrationConfigId: run.integrationConfigId,
    destination: run.destination,
    destinationId: run.destinationId,
    entityType: run.entityType,
    entityId: run.entityId,
    accountId: run.accountId,
    accountCode: rows[0]?.code ?? null,
    externalSystem: run.destination,
    error: next.error,
  };
}

const MAX_FAILURES = 10;
const MAX_AUTH_FAILURES = 3;

type Counting = { readonly config: StoredConfig; readonly status: RunStatus; readonly attributes: Row };

/** A configuration whose runs fail one after the other is switched off (spec 60 §6.7). */
async function countEnd(tx: Tx, by: System, { config, status, attributes }: Counting): Promise<void> {
  if (status === 'DISABLED') return;
  const isAuth = status === 'AUTH_FAILED';
  const counts = {
    failureCount: status === 'COMPLETE' ? 0 : (config.failureCount ?? 0) + 1,
    authFailureCount: isAuth ? (config.authFailureCount ?? 0) + 1 : 0,
  };
  await sql`update integration_config set failure_count = ${counts.failureCount},
      auth_failure_count = ${counts.authFailureCount}
    where org_id = ${by.writer.orgId} and id = ${config.id}`.execute(tx);
  const isRefused = counts.authFailureCount >= MAX_AUTH_FAILURES;
  if (!config.enabled || !(isRefused || counts.failureCount >= MAX_FAILURES)) return;
  const authorized = config.authorized === true && !isRefused;
  await disable(tx, by, { config: { ...config, ...counts }, authorized, attributes });
}

type Disabling = { readonly config: StoredConfig; readonly authorized: boolean; readonly attributes: Row };

async function disable(tx: Tx, { ctx, writer }: System, disabling: Disabling): Promise<void> {
  const { config, authorized, attributes } = disabling;
  const values = { ...config, enabled: false, authorized };
  const replaced = await replaceEntity(tx, integrationConfig.entityTable, { writer, id: config.id, values });
  const shown = (entity: StoredConfig) => ({ ...answerOf(integrationConfig, entity), orgId: writer.orgId });
  await recordChange(tx, writer, {
    entityType: integrationConfig.name,
    entityId: config.id,
    action: 'updated',
    event: integrationConfig.event,
    before: shown(config),
    after: shown(replaced as unknown as StoredConfig),
    requestId: null,
  });
  await recordEvent(tx, writer, { name: 'integration.disabled.error', attributes });
  const name = config.name ?? `${config.entityType} to ${config.destination}`;
  const description = `Integration ${name} was switched off after repeated failures: ${attributes['error']}`;
  await raiseAlert(tx, writer, {
    type: 'INTEGRATION',
    severity: 'ERROR',
    description,
    entityType: integrationConfig.name,
    entityId: config.id,
  });
  await mailNotified(tx, ctx, { config, text: description, now: writer.now });
}
