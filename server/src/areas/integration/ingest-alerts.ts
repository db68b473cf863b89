import { type IngestFailureType, raisesAlert } from '../../engine/metering/ingest-failure.ts';
import type { Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import type { NewAlert } from '../organization/index.ts';
import { payloadOf, type QueuedEvent } from './queued-event.ts';
import { raiseOrCount } from './raise-alert.ts';

/** Raises one alert for each type of failure, meter and hour, which counts the failures. */
export async function countIngestFailures(
  tx: Tx,
  writer: Writer,
  events: readonly QueuedEvent[],
): Promise<void> {
  const counts = new Map<string, { type: string; meterCode: string; occurrences: number }>();
  for (const event of events) {
    const { type, meterCode = '' } = payloadOf(event) as { type?: IngestFailureType; meterCode?: string };
    if (event.eventName !== 'ingest.validation.failure' || !type || !raisesAlert(type)) continue;
    const key = JSON.stringify([type, meterCode]);
    const before = counts.get(key)?.occurrences ?? 0;
    counts.set(key, { type, meterCode, occurrences: before + 1 });
  }
  const hour = writer.now.toString().slice(0, 13);
  for (const { type, meterCode, occurrences } of counts.values()) {
    await raiseOrCount(tx, writer, {
      dedupeKey: `ingest ${hour} ${type} ${meterCode}`,
      occurrences,
      alertOf: (total) => ingestAlert(type, meterCode, total),
    });
  }
}

function ingestAlert(type: string, meterCode: string, total: number): NewAlert {
  const what = total === 1 ? '1 measurement was' : `${total} measurements were`;
  const meter = meterCode === '' ? 'without a meter' : `of meter ${meterCode}`;
  return { type: 'API_INGEST', severity: 'ERROR', description: `${what} rejected ${meter}: ${type}` };
}
