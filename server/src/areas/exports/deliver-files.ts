import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { present } from '../../kernel/assert.ts';
import { reasonOf } from '../../kernel/start-error.ts';
import { type ExportBucket, openExportBucket } from '../../ports/export-destinations/export-bucket.ts';
import type { ExportDestination } from './export-destination.ts';
import { objectKey } from './object-key.ts';
import type { RunningJob } from './run-export-job.ts';
import type { ExportFile } from './write-files.ts';

/** A destination did not take the files; the message names it and says why. */
export class DeliveryError extends Error {}

/**
 * Writes the files of a job to each of its destinations, one after the other. Throws `DeliveryError` when any
 * of them failed, after the others were written (spec 60 §8.5).
 */
export async function deliverFiles(
  ctx: Context,
  job: RunningJob,
  files: readonly ExportFile[],
): Promise<void> {
  const { destinationIds } = job.request;
  if (destinationIds.length === 0) return;
  const known = await destinations(ctx, job.orgId, destinationIds);
  const failures: string[] = [];
  for (const id of destinationIds) {
    const destination = known.find((item) => item.id === id);
    try {
      if (!destination) throw new DeliveryError('it does not exist any more');
      await deliver(ctx, { job, destination, files });
    } catch (error) {
      failures.push(`destination ${destination?.code ?? id}: ${reasonOf(error)}`);
    }
  }
  if (failures.length > 0) throw new DeliveryError(failures.join('; '));
}

async function destinations(
  ctx: Context,
  orgId: string,
  ids: readonly string[],
): Promise<ExportDestination[]> {
  const { rows } = await sql<ExportDestination>`select * from export_destination
    where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(ctx.db);
  return rows;
}

type Delivery = {
  readonly job: RunningJob;
  readonly destination: ExportDestination;
  readonly files: readonly ExportFile[];
};

async function deliver(ctx: Context, { job, destination, files }: Delivery): Promise<void> {
  const bucket = await bucketOf(ctx, destination);
  try {
    for (const { name, type, key, sizeBytes } of files) {
      const { prefix, partitionOrder } = destination;
      const place = { orgId: job.orgId, prefix, partitionOrder, start: job.startedAt, type, fileName: name };
      const content = present(await ctx.files.read(key), 'the file of an export');
      await bucket.write(objectKey(place), { content, sizeBytes, contentType: 'application/gzip' });
    }
  } finally {
    bucket.close();
  }
}

function bucketOf(ctx: Context, destination: ExportDestination): Promise<ExportBucket> {
  const { bucketName, iamRoleArn, projectNumber, poolId, providerId, serviceAccountEmail } = destination;
  const settings = ctx.config.exports;
  if (destination.destinationType === 'S3') {
    const roleArn = present(iamRoleArn, 'the role of an S3 destination');
    return openExportBucket({ type: 'S3', bucketName, roleArn, orgId: destination.orgId }, settings);
  }
  const identity = {
    projectNumber: present(projectNumber, 'the project of a GCS destination'),
    poolId: present(poolId, 'its pool'),
    providerId: present(providerId, 'its provider'),
    serviceAccountEmail,
  };
  return openExportBucket({ type: 'GCS', bucketName, ...identity }, settings);
}
