import { newEnvelope, type Writer } from '../../store/entity-store.ts';
import type { Change } from '../../store/outbox.ts';

export const ALERT_TYPES = ['API_INGEST', 'BILL_JOB', 'INTEGRATION', 'DATA_EXPORT', 'CONFIGURATION'] as const;
export const ALERT_SEVERITIES = ['INFO', 'WARN', 'ERROR'] as const;

export type NewAlert = {
  readonly type: (typeof ALERT_TYPES)[number];
  readonly severity: (typeof ALERT_SEVERITIES)[number];
  readonly description: string;
  readonly entityType?: string;
  readonly entityId?: string;
};

const MAX_DESCRIPTION_LENGTH = 1000;

/** A description as alerts keep it. */
export function alertDescription(description: string): string {
  return description.slice(0, MAX_DESCRIPTION_LENGTH);
}

/**
 * A system alert as a change for the outbox, which every area may raise: its audit row puts it into the list
 * of alerts, its event tells of it (spec 60 §2.2).
 */
export function alertChange(writer: Writer, alert: NewAlert): Change {
  const envelope = newEnvelope(writer);
  const description = alertDescription(alert.description);
  const after = Object.assign({}, envelope, { status: 'NEW' }, alert, { description });
  return {
    entityType: 'Alert',
    entityId: envelope.id,
    action: 'created',
    event: 'configuration.alert',
    before: null,
    after,
    requestId: null,
  };
}
