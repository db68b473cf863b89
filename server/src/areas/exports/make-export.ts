import type { Context } from '../../context.ts';
import { Temporal } from '../../kernel/time.ts';
import { deliverFiles } from './deliver-files.ts';
import { operationalType } from './operational-types.ts';
import type { RowSource } from './row-text.ts';
import type { RunningJob } from './run-export-job.ts';
import { usageSource } from './usage-source.ts';
import { type ExportFile, writeFiles } from './write-files.ts';
import { zipFiles } from './zip-files.ts';

/** A file that can be downloaded: its name outside, and its key in our file store. */
export type Downloadable = { readonly name: string; readonly key: string };

/**
 * Writes the files of a job into our file store and from there to its destinations; answers what is to be
 * downloaded: the file, or one archive of several. After a throw nothing is left in our store.
 */
export async function makeExport(ctx: Context, job: RunningJob): Promise<readonly Downloadable[]> {
  const folder = `${job.orgId}/exports/${job.id}`;
  const written: ExportFile[] = [];
  try {
    for await (const source of sourcesOf(ctx, job)) {
      const format = job.request.format;
      written.push(...(await writeFiles(source, { files: ctx.files, folder, jobId: job.id, format })));
    }
    await deliverFiles(ctx, job, written);
    const [only, ...others] = written;
    if (only && others.length === 0) return [{ name: only.name, key: only.key }];
    const archive = { name: `${job.id}.zip`, key: `${folder}/${job.id}.zip` };
    await zipFiles(written, { files: ctx.files, key: archive.key, now: ctx.clock.now() });
    await removeFiles(ctx, written);
    return [archive];
  } catch (error) {
    await removeFiles(ctx, written);
    throw error;
  }
}

async function removeFiles(ctx: Context, files: readonly ExportFile[]): Promise<void> {
  for (const { key } of files) await ctx.files.remove(key);
}

/** What a job exports: usage, or each type of entities by itself. */
async function* sourcesOf(
  ctx: Context,
  { orgId, request: { source } }: RunningJob,
): AsyncGenerator<RowSource> {
  if (source.kind === 'USAGE') {
    yield await usageSource(ctx, orgId, source);
    return;
  }
  const changedSince = source.changedSince === null ? null : Temporal.Instant.from(source.changedSince);
  for (const type of source.types) {
    const { name, columns, rows } = operationalType(type);
    yield { name, columns, everyColumn: false, pages: rows(ctx, { orgId, changedSince }) };
  }
}
