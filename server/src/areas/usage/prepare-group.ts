import { checkSubmission } from '../../engine/metering/check-submission.ts';
import type { SubmittedMeasurement } from '../../engine/metering/submitted-measurement.ts';
import type { Context } from '../../context.ts';
import { assert } from '../../kernel/assert.ts';
import { newId } from '../../kernel/ids.ts';
import type { Tx } from '../../store/database.ts';
import { enrich } from './enrich-temporary.ts';
import type { IngestFailure } from './ingest-failures.ts';
import { loadAccounts, loadMeters } from './ingest-snapshot.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import type { MeasurementRow } from './measurement-row.ts';
import { submissionFromText } from './submission-json.ts';

export type PreparedGroup = {
  readonly insertId: string;
  readonly orgId: string;
  readonly rows: readonly MeasurementRow[];
  readonly failures: readonly IngestFailure[];
};
export async function prepareGroup(
  ctx: Context,
  tx: Tx,
  { group, stored }: { group: BatchGroup; stored: ReadonlySet<string> },
): Promise<PreparedGroup> {
  const meters = await loadMeters(tx, group.orgId);
  const rows: MeasurementRow[] = [];
  for (const batch of group.batches) {
    const check = checkSubmission(submissionFromText(batch.body), ctx.clock.now());
    assert(check.kind === 'accepted', 'was accepted');
    const accounts = await loadAccounts(tx, group.orgId, [...new Set(check.measurements.map((m: SubmittedMeasurement) => m.account))]);
    check.measurements.forEach((m: SubmittedMeasurement, position: number) => {
      if (stored.has(`${batch.id}:${position}`)) return;
      const meter = meters.get(m.meter); const account = accounts.get(m.account);
      if (!meter || !account) return;
      rows.push(enrich({ m, meter, account, batch, position, insertId: group.insertId, uid: m.uid ?? newId() }));
    });
  }
  return { insertId: group.insertId, orgId: group.orgId, rows, failures: [] };
}
