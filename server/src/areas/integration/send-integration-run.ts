import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { openedText } from '../../kernel/sealed-text.ts';
import type { Instant } from '../../kernel/time.ts';
import { type HttpOutcome, postOut } from '../../ports/http-out.ts';
import type { Row, Tx } from '../../store/database.ts';
import { findEntity, lockEntity, type Writer } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type Attempt, finishAttempt, type StoredConfig } from './finish-attempt.ts';
import { integrationConfig } from './integration-config.ts';
import { integrationRun, isFinal, type StoredRun } from './integration-run.ts';
import { runBody } from './run-body.ts';
import { failed, type Outcome, outcomeOf, PERFORM_ERROR } from './run-outcome.ts';
import { mappingSystems } from './systems.ts';
import { webhook } from './webhook.ts';
import type { StoredCredentials } from './webhook-credentials.ts';
import { maskedHeaders, type SigningKey, webhookRequest } from './webhook-request.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;
/** Slow receivers hold so many of the workers of a process at most, and bills go first. */
const QUEUES = 3;
const PRIORITY = 10;

/**
 * One attempt of a run. The run counts the attempts that have ended: a job whose attempt has ended already,
 * because it was run twice or a process died in between, does nothing more (spec 60 §5.3).
 */
export const sendIntegrationRun = defineTask({
  name: 'sendIntegrationRun',
  payload: z.object({ orgId: z.string(), runId: z.string(), attempt: z.number() }),
  run: async (ctx, { orgId, runId, attempt }) => {
    const begun = await beginAttempt(ctx, { orgId, runId, attempt });
    if (begun === null) return;
    const { outcome, log } = begun.refused ?? (await sent(ctx, begun));
    const writer = systemWriter(ctx, orgId);
    await inTransaction(ctx.db, async (tx) => {
      const ended: Attempt = { run: begun.run, attempt, outcome, log };
      const nextAt = await finishAttempt(tx, { ctx, writer }, ended);
      if (nextAt !== null) await enqueueAttempt(tx, { run: begun.run, attempt: attempt + 1, runAt: nextAt });
    });
  },
});

type Enqueued = {
  readonly run: Pick<StoredRun, 'orgId' | 'id' | 'destinationId'>;
  readonly attempt: number;
  readonly runAt?: Instant;
};

/** Adds the job of an attempt, which exists when the transaction commits. */
export async function enqueueAttempt(tx: Tx, { run, attempt, runAt }: Enqueued): Promise<void> {
  const { orgId, id: runId, destinationId } = run;
  // Any even spread will do: the last digit of an id is random.
  const shard = Number.parseInt((destinationId ?? runId).slice(-1), 36) % QUEUES || 0;
  await enqueue(tx, {
    task: sendIntegrationRun,
    payload: { orgId, runId, attempt },
    queue: `integrationRuns${shard}`,
    priority: PRIORITY,
    ...(runAt && { runAt }),
  });
}

/** What the product writes by itself, now. */
export function systemWriter(ctx: Context, orgId: string): Writer {
  return { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
}

type Ended = { readonly outcome: Outcome; readonly log: Row };
type Begun = {
  readonly run: StoredRun;
  readonly target: StoredWebhook | null;
  /** Why nothing is sent. */
  readonly refused: Ended | null;
};
type StoredWebhook = Row & {
  readonly url: string;
  readonly active: boolean;
  readonly storedCredentials: StoredCredentials;
};

type Job = { readonly orgId: string; readonly runId: string; readonly attempt: number };

/** Null when the attempt is over. */
function beginAttempt(ctx: Context, { orgId, runId, attempt }: Job): Promise<Begun | null> {
  return inTransaction(ctx.db, async (tx) => {
    const stored = await lockEntity(tx, integrationRun.entityTable, { orgId, id: runId });
    const run = stored as unknown as StoredRun | null;
    if (run === null || isFinal(run.status) || run.attempts !== attempt) return null;
    const config = await configOf(tx, run);
    const target = await webhookOf(tx, orgId, config);
    const outcome = await refusal(tx, { run, config, target });
    if (outcome !== null) return { run, target, refused: { outcome, log: { notSent: run.source } } };
    const now = String(ctx.clock.now());
    await sql`update integration_run set status = 'STARTED', dt_started = coalesce(dt_started, ${now}),
        next_attempt_at = null, version = version + 1, dt_last_modified = ${now}
      where org_id = ${orgId} and id = ${runId}`.execute(tx);
    return { run, target, refused: null };
  });
}

async function configOf(tx: Tx, { orgId, integrationConfigId: id }: StoredRun): Promise<StoredConfig | null> {
  return (await findEntity(tx, integrationConfig.entityTable, {
    orgId,
    id,
  })) as unknown as StoredConfig | null;
}

async function webhookOf(tx: Tx, orgId: string, config: StoredConfig | null): Promise<StoredWebhook | null> {
  if (!config?.webhookId) return null;
  const found = await findEntity(tx, webhook.entityTable, { orgId, id: config.webhookId });
  return found as unknown as StoredWebhook | null;
}

type Target = {
  readonly run: StoredRun;
  readonly config: StoredConfig | null;
  readonly target: StoredWebhook | null;
};

const MISSING_MAPPING = 'integration.missingaccountmapping.error';

/** Why a run ends before anything is sent; null when it can be sent. */
async function refusal(tx: Tx, { run, config, target }: Target): Promise<Outcome | null> {
  if (!config) return failed('DISABLED', 'the integration configuration is gone', null);
  if (!config.enabled) return failed('DISABLED', 'the integration is switched off', null);
  if (config.destination === 'Webhook') {
    if (!target) return failed('ERROR', 'the configuration names no webhook', PERFORM_ERROR);
    return target.active ? null : failed('DISABLED', 'the webhook is not active', null);
  }
  if (run.entityType === 'Bill' && !(await isAccountMapped(tx, run))) {
    return failed('ERROR', `the account has no external mapping in ${run.destination}`, MISSING_MAPPING);
  }
  return failed('ERROR', `connector not installed: ${run.destination}`, PERFORM_ERROR);
}

/** A bill is nobody's in a system that does not know its account (spec 60 §6.4). */
async function isAccountMapped(tx: Tx, run: StoredRun): Promise<boolean> {
  const { rows } = await sql`select from external_mapping where org_id = ${run.orgId}
    and m3ter_id = ${run.accountId}::text and lower(m3ter_entity) = 'account'
    and lower(external_system) = any(${mappingSystems(run.destination)}::text[])
    and (integration_config_id is null or integration_config_id = ${run.integrationConfigId})
    limit 1`.execute(tx);
  return rows.length > 0;
}

async function sent(ctx: Context, { run, target }: Begun): Promise<Ended> {
  const sentAt = ctx.clock.now();
  const body = target && (await runBody(ctx, run, sentAt));
  if (target === null || body === null) {
    const reason = 'there is nothing to send: it has been deleted or is too large';
    return { outcome: failed('ERROR', reason, PERFORM_ERROR), log: { notSent: run.source } };
  }
  const key = signingKey(ctx, run.orgId, target.storedCredentials);
  const request = webhookRequest({ url: target.url, body, runId: run.id, sentAt, key });
  const answer = await postOut(request, {
    timeoutMs: TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    allowed: ctx.config.outboundAllow,
  });
  const shown = { method: 'POST', url: target.url, headers: maskedHeaders(request.headers), body };
  const log = { request: shown, response: shownAnswer(answer) };
  return { outcome: outcomeOf(answer, ctx.clock.now()), log: masked(log, key) };
}

function signingKey(ctx: Context, orgId: string, stored: StoredCredentials): SigningKey | null {
  if (stored.apiKey === null || stored.sealedSecret === null) return null;
  const secret = openedText(stored.sealedSecret, { key: ctx.secretKey, owner: orgId });
  return { apiKey: stored.apiKey, secret };
}

function shownAnswer(answer: HttpOutcome): Row {
  return answer.kind === 'answer' ? { status: answer.status, body: answer.body } : { error: answer.message };
}

/** A receiver may answer with what it was sent; its secrets are no text of logs all the same. */
function masked(log: { readonly request: Row; readonly response: Row }, key: SigningKey | null): Row {
  const { body } = log.response;
  if (key === null || typeof body !== 'string') return log;
  return { ...log, response: { ...log.response, body: body.replaceAll(key.secret, '***') } };
}
