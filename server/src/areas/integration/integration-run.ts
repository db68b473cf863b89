import {
  assigned,
  dateTime,
  freeObject,
  integer,
  longText,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';

export const RUN_STATUSES = [
  'WAITING',
  'STARTED',
  'COMPLETE',
  'ERROR',
  'AWAITING_RETRY',
  'AUTH_FAILED',
  'ACCOUNTING_PERIOD_CLOSED',
  'INVOICE_ALREADY_PAID',
  'DISABLED',
  'TIMEOUT_LIMIT_EXCEEDED',
  'RATE_LIMIT_RETRY',
] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

/** What is over for good is never sent again, unless it is replayed (spec 60 §6.6). */
export function isFinal(status: RunStatus): boolean {
  return !['WAITING', 'STARTED', 'AWAITING_RETRY', 'RATE_LIMIT_RETRY'].includes(status);
}

/** One series of attempts to send one thing to one destination (spec 60 §6.6). */
export const integrationRun = defineResource({
  name: 'IntegrationRun',
  path: 'integrationruns',
  summary: 'an integration run',
  table: 'integration_run',
  permission: 'config:integrationrun',
  event: null,
  maxPageSize: 200,
  fields: {
    entityType: text(),
    entityId: text(),
    destination: text(),
    destinationId: optional(text()),
    status: oneOf(RUN_STATUSES),
    dtStarted: optional(dateTime()),
    dtCompleted: optional(dateTime()),
    error: optional(longText()),
    url: optional(longText(2048)),
    externalId: optional(text()),
    parentIntegrationRunId: optional(reference('IntegrationRun')),
    replayedFromIntegrationRunId: optional(reference('IntegrationRun')),
    integrationConfigId: assigned(reference('IntegrationConfig'), null, { hidden: true }),
    accountId: assigned(reference('Account'), null, { hidden: true }),
    source: assigned(freeObject(), {}, { hidden: true }),
    attempts: assigned(integer(), 0, { hidden: true }),
    nextAttemptAt: assigned(dateTime(), null, { hidden: true }),
  },
  except: ['create', 'list', 'update', 'delete'],
  example: {},
});

/** A run as it is stored; each has a configuration. */
export type StoredRun = EntityOf<typeof integrationRun.fields> & { readonly integrationConfigId: string };
