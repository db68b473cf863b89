import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { recordEvents } from '../../store/outbox.ts';

/** A measurement that was refused, or stored without some derived fields: one event each (spec 20 §8). */
export type IngestFailure = {
  /** What `eventData` holds, in the API's spelling. */
  readonly attributes: { readonly [name: string]: unknown };
};

/** Writes one `ingest.validation.failure` event for every failure. */
export async function recordFailures(
  tx: Tx,
  orgId: string,
  { failures, now }: { readonly failures: readonly IngestFailure[]; readonly now: Instant },
): Promise<void> {
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now };
  const events = failures.map(({ attributes }) => ({ name: 'ingest.validation.failure', attributes }));
  await recordEvents(tx, writer, events);
}
