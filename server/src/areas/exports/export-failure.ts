import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { recordChange, recordEvent } from '../../store/outbox.ts';
import { alertChange } from '../organization/index.ts';
import type { RunningJob } from './run-export-job.ts';

type Failure = { readonly job: RunningJob; readonly reason: string; readonly now: Instant };

/** Tells of a job that has failed for good: an event and a system alert (spec 60 §1.5, §2.2). */
export async function recordExportFailure(tx: Tx, { job, reason, now }: Failure): Promise<void> {
  const { id: jobId, orgId, scheduleId, sourceType, request } = job;
  const { scheduleName, destinationIds } = request;
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now };
  await recordEvent(tx, writer, {
    name: 'dataexport.job.failure',
    attributes: { jobId, scheduleId, scheduleName, sourceType, destinationIds, error: reason },
  });
  const of = scheduleName === null ? 'An ad-hoc export' : `An export of schedule ${scheduleName}`;
  const about = { entityType: 'ExportJob', entityId: jobId, description: `${of} failed: ${reason}` };
  await recordChange(tx, writer, alertChange(writer, { type: 'DATA_EXPORT', severity: 'ERROR', ...about }));
}
