import { gunzipSync, inflateRawSync } from 'node:zlib';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { startDueExports } from '../../src/areas/exports/index.ts';
import { eventually } from './billing.ts';
import { created, type Made } from './configured.ts';
import type { TestServer } from './stores.ts';

export type ExportedJob = Made & {
  readonly status: string;
  readonly sourceType: string;
  readonly dateCreated: string;
  readonly startedAt?: string;
  readonly scheduleId?: string;
};

/** Starts an export and waits for its end, whichever it is. */
export async function exported(server: TestServer, body: object): Promise<ExportedJob> {
  const { jobId } = (await created(server, '/dataexports/adhoc', body)) as unknown as { jobId: string };
  return ended(server, jobId);
}

export function ended(server: TestServer, jobId: string): Promise<ExportedJob> {
  return eventually('the export to end', async () => {
    const { body } = await server.request('GET', `/dataexports/jobs/${jobId}`);
    const job = body as ExportedJob;
    return ['SUCCEEDED', 'FAILED'].includes(job.status) ? job : null;
  });
}

/** The jobs of a schedule, oldest first, once they have all ended. */
export function jobsOf(server: TestServer, schedule: Made): Promise<readonly ExportedJob[]> {
  return eventually('all exports to end', async () => {
    const { body } = await server.request('GET', `/dataexports/jobs?scheduleId=${schedule.id}`);
    const { data } = body as { readonly data: readonly ExportedJob[] };
    const isOver = data.every(({ status }) => ['SUCCEEDED', 'FAILED'].includes(status));
    return isOver ? data.toReversed() : null;
  });
}

/** Does what the worker does every minute, and waits for the worker itself when it is just at it. */
export async function minutePasses({ context }: TestServer): Promise<void> {
  await startDueExports.run(context, {});
  await eventually('no schedule to be due', async () => {
    const { rows } = await sql`select from export_schedule
      where org_id in (select id from organization)
        and next_run_at <= ${String(context.clock.now())}::timestamptz`.execute(context.db);
    return rows.length === 0 ? true : null;
  });
}

/** What a job exported, by file name, as text. */
export async function filesOf(server: TestServer, job: Made): Promise<ReadonlyMap<string, string>> {
  const { status, body } = await server.request('GET', `/dataexports/jobs/${job.id}/getdownloadurl`);
  expect(status, JSON.stringify(body)).toBe(200);
  const { url } = body as { readonly url: string };
  const answer = await fetch(url.replace(server.context.config.publicUrl, server.address));
  expect(answer.status).toBe(200);
  const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? '';
  const bytes = Buffer.from(await answer.arrayBuffer());
  const members = name.endsWith('.zip') ? unzipped(bytes) : new Map([[name, bytes]]);
  return new Map([...members].map(([member, content]) => [member, gunzipSync(content).toString()]));
}

/** The members of an archive, found by its central directory. */
function unzipped(zip: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06'));
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i += 1) {
    const [method, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const start = zip.readUInt32LE(at + 42);
    const content = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    const bytes = zip.subarray(content, content + size);
    const name = zip.subarray(at + 46, at + 46 + nameLength).toString();
    members.set(name, method === 0 ? bytes : inflateRawSync(bytes));
    at += 46 + nameLength + extra + comment;
  }
  return members;
}

/** The text of the only file of a job. */
export async function onlyFileOf(server: TestServer, job: Made): Promise<string> {
  const files = [...(await filesOf(server, job)).values()];
  expect(files).toHaveLength(1);
  return files[0] ?? '';
}

/** What a job of a schedule was asked for, as it is kept. */
export async function requestOf({ context }: TestServer, job: Made): Promise<unknown> {
  const { rows } = await sql<{ request: unknown }>`
    select request from export_job where id = ${job.id}`.execute(context.db);
  return rows[0]?.request;
}
