import { newId, uuidFromText } from '../kernel/ids.ts';
import { type WrittenJson, writeJson, writeJsonWith, writtenJson } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import { accountCodes, principalNames } from './names-in-events.ts';

/** An event to be written; `payload` becomes its `eventData`. */
export type NewEvent = {
  readonly name: string;
  readonly payload: Row;
  /** The entity that it is about; null takes it from the payload. */
  readonly resourceId: string | null;
};

/** An event as it is stored, and who waits for it. */
export type EventRow = {
  readonly eventId: string;
  readonly eventName: string;
  /** JSON of the whole event. Many are written one after the other, and their texts are long. */
  readonly text: () => string;
  readonly accountId: string | null;
  readonly resourceId: string | null;
  /** What integrations for this kind of entity listen to; null when none can. */
  readonly noun: string | null;
  /** The product itself acts on it, whatever is configured. */
  readonly isAwaited: boolean;
};

const PARTS = ['newDto', 'oldDto'];

/**
 * Completes events on their way in: entities in payloads name the code of their account and the kinds of
 * their principals (spec 10 §3, 60 §1.4), so that rules, deliveries and the API all see the same.
 */
export async function eventRows(
  tx: Tx,
  orgId: string,
  events: readonly NewEvent[],
): Promise<readonly EventRow[]> {
  const entities = events.flatMap(({ payload }) => PARTS.map((part) => entityIn(payload, part) ?? {}));
  const principals = entities.flatMap(({ createdBy, lastModifiedBy }) => [createdBy, lastModifiedBy]);
  const codeless = entities.filter((entity) => (entity['accountCode'] ?? null) === null);
  const names: Names = {
    principals: await principalNames(tx, orgId, uuidsAmong(principals)),
    codes: await accountCodes(tx, orgId, uuidsAmong(codeless.map((entity) => entity['accountId']))),
  };
  return events.map((event) => eventRow(event, names));
}

type Names = {
  readonly principals: ReadonlyMap<string, string>;
  readonly codes: ReadonlyMap<string, string>;
};

function eventRow({ name, payload, resourceId }: NewEvent, names: Names): EventRow {
  const entity = entityIn(payload, 'newDto') ?? entityIn(payload, 'oldDto') ?? {};
  const [family, noun = ''] = name.split('.');
  const isOfEntity = family === 'billing' || family === 'configuration';
  return {
    eventId: newId(),
    eventName: name,
    text: () => writeJson({ eventData: completedPayload(payload, names) }),
    accountId: accountOf({ name, payload }, entity),
    resourceId: resourceId ?? uuidIn(entity['id'] ?? payload['entityId'] ?? payload['jobId']),
    noun: isOfEntity ? noun : null,
    isAwaited: name === 'ingest.validation.failure' && payload['type'] !== 'DuplicateUid',
  };
}

/** A fired rule repeats the payload of its source. */
function accountOf({ name, payload }: Pick<NewEvent, 'name' | 'payload'>, entity: Row): string | null {
  const source = payload['sourceEvent'] as { readonly eventName?: string } | undefined;
  const isAccount = (source?.eventName ?? name).startsWith('configuration.account.');
  return uuidIn(isAccount ? entity['id'] : (entity['accountId'] ?? payload['accountId']));
}

function completedPayload(payload: Row, names: Names): Row {
  const completed = { ...payload };
  for (const part of PARTS) {
    const entity = entityIn(payload, part);
    if (entity !== null) completed[part] = completedEntity(entity, names);
  }
  return completed;
}

function completedEntity(entity: Row, { principals, codes }: Names): WrittenJson {
  const { createdBy, lastModifiedBy, accountId, accountCode } = entity;
  const nameOf = (principal: unknown) => principals.get(String(principal)) ?? principal;
  const completed = {
    accountCode: accountCode ?? codes.get(String(accountId)),
    createdBy: nameOf(createdBy),
    lastModifiedBy: nameOf(lastModifiedBy),
  };
  return writtenJson(writeJsonWith(completed, entity));
}

function entityIn(payload: Row, part: string): Row | null {
  const entity = payload[part];
  return typeof entity === 'object' && entity !== null ? (entity as Row) : null;
}

function uuidsAmong(values: readonly unknown[]): readonly string[] {
  return [...new Set(values.map(uuidIn))].filter((id) => id !== null);
}

function uuidIn(value: unknown): string | null {
  return typeof value === 'string' ? uuidFromText(value) : null;
}
