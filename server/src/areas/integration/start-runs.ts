import { sql } from 'kysely';
import { newId, plainId } from '../../kernel/ids.ts';
import { writeJson, writeJsonWithNulls } from '../../kernel/json.ts';
import type { Row, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { payloadOf, type QueuedEvent } from './queued-event.ts';
import { enqueueAttempt } from './send-integration-run.ts';

export type NewRun = {
  readonly config: {
    readonly id: string;
    readonly destination: string;
    readonly destinationId: string | null;
  };
  readonly entityType: string;
  readonly entityId: string;
  readonly accountId: string | null;
  /** What is sent, as far as it is not read when it is sent. */
  readonly source: Row;
  readonly replayedFrom?: string;
};

/**
 * Queues a run. One of the same configuration and entity that is queued and has not started takes the newer
 * content over instead, except that what was to be created stays so (spec 60 §6.5). Answers its id.
 */
export async function startRun(tx: Tx, writer: Writer, run: NewRun): Promise<string> {
  const { orgId, principalId } = writer;
  const { config, entityType, entityId, accountId, source, replayedFrom = null } = run;
  const now = String(writer.now);
  const { rows } = await sql<{ id: string; isNew: boolean }>`
    insert into integration_run (org_id, id, version, dt_created, dt_last_modified, created_by,
      last_modified_by, entity_type, entity_id, destination, destination_id, status,
      replayed_from_integration_run_id, integration_config_id, account_id, source, attempts)
    values (${orgId}, ${newId()}, 1, ${now}, ${now}, ${principalId}, ${principalId}, ${entityType},
      ${entityId}, ${config.destination}, ${config.destinationId}, 'WAITING',
      ${replayedFrom}, ${config.id}, ${accountId}, ${writeJsonWithNulls(source)}::jsonb, 0)
    on conflict (org_id, integration_config_id, entity_type, entity_id)
      where status = 'WAITING' and entity_type <> 'Notification' and replayed_from_integration_run_id is null
    do update set version = integration_run.version + 1, dt_last_modified = excluded.dt_last_modified,
      source = case
        when integration_run.source ->> 'action' = 'created' and excluded.source ->> 'action' = 'updated'
        then jsonb_set(excluded.source, '{action}', '"created"') else excluded.source end
    returning id, version = 1 as is_new`.execute(tx);
  const [{ id, isNew } = { id: '', isNew: false }] = rows;
  if (isNew) {
    await enqueueAttempt(tx, { run: { orgId, id, destinationId: config.destinationId }, attempt: 0 });
  }
  return id;
}

type Config = NewRun['config'] & {
  readonly entityType: string;
  readonly entityId: string | null;
  readonly configData: Row;
  readonly noun: string;
};

const ENTITY_EVENT = /^(?:billing|configuration)\.([a-z]+)\.(created|updated|deleted)$/;

/** Starts the runs of entities that integrations are kept informed of (spec 60 §6.5). */
export async function startEntityRuns(tx: Tx, writer: Writer, events: readonly QueuedEvent[]): Promise<void> {
  const changes = events.map(changeOf).filter((change) => change !== null);
  if (changes.length === 0) return;
  const configs = await configsFor(tx, writer.orgId, [...new Set(changes.map(({ noun }) => noun))]);
  for (const change of changes) {
    for (const config of configs.filter((config) => isWanted(config, change))) {
      await startRun(tx, writer, runOf(config, change));
    }
  }
}

type EntityChange = {
  readonly noun: string;
  readonly action: 'created' | 'updated' | 'deleted';
  readonly id: string;
  readonly accountId: string | null;
  readonly before: Row | null;
  readonly after: Row | null;
};

function changeOf(event: QueuedEvent): EntityChange | null {
  const [, noun = '', action] = ENTITY_EVENT.exec(event.eventName) ?? [];
  if (action === undefined || event.resourceId === null) return null;
  const { newDto = null, oldDto = null } = payloadOf(event) as { newDto?: Row; oldDto?: Row };
  return {
    noun,
    action: action as EntityChange['action'],
    id: event.resourceId,
    accountId: event.accountId,
    before: oldDto,
    after: newDto,
  };
}

async function configsFor(tx: Tx, orgId: string, nouns: readonly string[]): Promise<readonly Config[]> {
  const { rows } = await sql<Config>`
    select id, destination, destination_id, entity_type, entity_id, config_data,
      event_noun(entity_type) as noun
    from integration_config
    where org_id = ${orgId} and enabled and event_noun(entity_type) = any(${nouns}::text[])
    order by dt_created, id`.execute(tx);
  return rows;
}

function isWanted(config: Config, change: EntityChange): boolean {
  if (config.noun !== change.noun) return false;
  if (config.entityId !== null && config.entityId !== change.id) return false;
  if (!isAccountWanted(config.configData, change.accountId)) return false;
  if (change.noun === 'bill') return isBillWanted(config.configData, change);
  // Nothing moves when a balance is made or deleted.
  if (config.entityType.toLowerCase() === 'balancetransaction') return change.action === 'updated';
  return change.action !== 'deleted' || config.destination === 'Webhook';
}

/** Restricted accounts win over listed ones; no list means all (spec 60 §6.4). */
function isAccountWanted({ accountIds, restrictedAccountIds }: Row, accountId: string | null): boolean {
  if (isListed(restrictedAccountIds, accountId)) return false;
  const isOpen = !Array.isArray(accountIds) || accountIds.length === 0;
  return isOpen || isListed(accountIds, accountId);
}

function isListed(list: unknown, id: string | null): boolean {
  return id !== null && Array.isArray(list) && list.map(String).map(plainId).includes(id);
}

/** What changes about a bill without changing what it says. */
const STATUS_FIELDS = [
  'version',
  'dtLastModified',
  'lastModifiedBy',
  'status',
  'approvedBy',
  'dtApproved',
  'locked',
  'lockedBy',
  'dtLocked',
  'statementStale',
  'csvStatementGenerated',
  'jsonStatementGenerated',
  'externalInvoiceReference',
  'externalInvoiceDate',
];

/** A bill is sent when it says something new, or only once somebody approves of it (spec 60 §6.5). */
function isBillWanted({ sendOnApprovalOnly }: Row, { action, before, after }: EntityChange): boolean {
  if (action === 'deleted' || after === null) return false;
  const isApproval = after['status'] === 'APPROVED' && before?.['status'] !== 'APPROVED';
  if (sendOnApprovalOnly === true) return isApproval;
  return before === null || contentOf(before) !== contentOf(after);
}

function contentOf(bill: Row): string {
  const names = Object.keys(bill).filter((name) => !STATUS_FIELDS.includes(name) && bill[name] !== null);
  return writeJson(names.sort().map((name) => [name, bill[name]]));
}

function runOf(config: Config, { action, id, accountId, before, after }: EntityChange): NewRun {
  const isBill = config.noun === 'bill';
  const source = isBill ? { action } : { action, entity: after ?? before };
  const entityType = isBill ? 'Bill' : config.entityType;
  return { config, entityType, entityId: id, accountId, source };
}
