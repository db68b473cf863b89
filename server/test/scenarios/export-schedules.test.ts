import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BucketServer, gcsServer, s3Server, setAwsCredentials } from '../support/bucket-servers.ts';
import { created, freshCode, type Made, product } from '../support/configured.ts';
import { exported, jobsOf, minutePasses, onlyFileOf, requestOf } from '../support/exports.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let s3: BucketServer;
let gcs: BucketServer;
let server: TestServer;
beforeAll(async () => {
  setAwsCredentials();
  [s3, gcs] = await Promise.all([s3Server(), gcsServer()]);
  const exports = { s3Endpoint: s3.url, gcsTokenFile: null, gcsEndpoint: gcs.url };
  // The server is told of failures that these tests cause.
  server = await startTestServer({ config: { exports, logLevel: 'silent' } });
  await server.moveTo('2024-06-01T10:00:00Z');
  await product(server);
});
afterAll(async () => {
  await server.close();
  await Promise.all([s3.close(), gcs.close()]);
});

const PRODUCTS = { sourceType: 'OPERATIONAL', operationalDataTypes: ['PRODUCTS'] };

function schedule(fields: object): Promise<Made> {
  return created(server, '/dataexports/schedules', {
    name: 'Nightly',
    code: freshCode('schedule'),
    ...PRODUCTS,
    ...fields,
  });
}

function s3Destination(fields: object = {}): Promise<Made> {
  return created(server, '/dataexports/destinations', {
    name: 'Warehouse',
    code: freshCode('warehouse'),
    bucketName: 'acme-exports',
    iamRoleArn: 'arn:aws:iam::123456789012:role/exports',
    ...fields,
  });
}

test('a schedule runs at once and then every period', async () => {
  const made = await schedule({ scheduleType: 'DAY', period: 2 });
  expect(await jobsOf(server, made)).toHaveLength(1);
  await server.moveTo('2024-06-03T09:59:59Z');
  await minutePasses(server);
  expect(await jobsOf(server, made)).toHaveLength(1);
  await server.moveTo('2024-06-03T10:00:00Z');
  await minutePasses(server);
  await minutePasses(server);
  const jobs = await jobsOf(server, made);
  expect(jobs.map(({ status, scheduleId }) => [status, scheduleId])).toEqual([
    ['SUCCEEDED', made.id],
    ['SUCCEEDED', made.id],
  ]);
  expect(await onlyFileOf(server, jobs[1] as Made)).toContain('Inference');
});

test('a window ends when the run was due, and the latest of missed runs is made', async () => {
  await server.moveTo('2024-06-12T00:00:00Z');
  const made = await schedule({
    sourceType: 'USAGE',
    timePeriod: 'YESTERDAY',
    scheduleType: 'DAY',
    period: 1,
    offset: 6,
  });
  await server.moveTo('2024-06-15T05:00:00Z');
  await minutePasses(server);
  const [first, second, ...others] = await jobsOf(server, made);
  expect(others).toEqual([]);
  const day = (start: string, end: string) => ({ source: { kind: 'USAGE', start, end } });
  expect(await requestOf(server, first as Made)).toMatchObject(
    day('2024-06-11T00:00:00Z', '2024-06-12T00:00:00Z'),
  );
  expect(await requestOf(server, second as Made)).toMatchObject(
    day('2024-06-13T00:00:00Z', '2024-06-14T00:00:00Z'),
  );
});

test('a change begins a new rhythm without a job; a cron expression waits for its first match', async () => {
  await server.moveTo('2024-07-01T10:00:00Z');
  const made = await schedule({ cronExpression: '0 3 * * *' });
  expect(await jobsOf(server, made)).toEqual([]);
  const path = `/dataexports/schedules/${made.id}`;
  const hourly = { ...made, cronExpression: undefined, scheduleType: 'HOUR', period: 6 };
  expect(await server.request('PUT', path, hourly)).toMatchObject({ status: 200, body: { version: 2 } });
  await server.moveTo('2024-07-01T15:59:00Z');
  await minutePasses(server);
  expect(await jobsOf(server, made)).toEqual([]);
  await server.moveTo('2024-07-01T16:00:00Z');
  await minutePasses(server);
  expect(await jobsOf(server, made)).toHaveLength(1);
  expect(await server.request('GET', path)).toMatchObject({ body: { version: 2 } });
});

test('at most one run waits for the one in work', async () => {
  await server.moveTo('2024-07-02T00:00:00Z');
  const waiting = await startTestServer({ role: 'api' });
  try {
    await waiting.moveTo('2024-07-02T00:00:00Z');
    const made = await created(waiting, '/dataexports/schedules', {
      name: 'Often',
      code: 'often',
      ...PRODUCTS,
      scheduleType: 'MINUTE',
      period: 15,
    });
    for (const time of ['00:15', '00:30', '00:45']) {
      await waiting.moveTo(`2024-07-02T${time}:00Z`);
      await minutePasses(waiting);
    }
    const { body } = await waiting.request('GET', `/dataexports/jobs?scheduleId=${made.id}&status=PENDING`);
    expect((body as { data: object[] }).data).toHaveLength(2);
  } finally {
    await waiting.close();
  }
});

test('files are written below the prefix of a destination', async () => {
  await server.moveTo('2024-07-03T09:30:00Z');
  const { id } = await s3Destination({ prefix: 'm3', partitionOrder: 'TYPE_FIRST' });
  const job = await exported(server, { ...PRODUCTS, destinationIds: [id] });
  expect(job.status).toBe('SUCCEEDED');
  const key = `type=product/date=2024-07-03/hour=09/${job.id}_product.csv.gz`;
  const written = s3.objects.get(`/acme-exports/m3/orgId=${server.orgId}/${key}`);
  expect(gunzipSync(written ?? Buffer.alloc(0)).toString()).toBe(await onlyFileOf(server, job));
});

test('a job fails after three tries when one destination refuses, with an event and an alert', async () => {
  await server.moveTo('2024-07-04T00:00:00Z');
  const good = await s3Destination({ bucketName: 'good-bucket' });
  const bad = await created(server, '/dataexports/destinations', {
    name: 'Google',
    code: 'google',
    bucketName: 'acme',
    projectNumber: '42',
    poolId: 'pool',
    providerId: 'own',
  });
  const made = await schedule({ cronExpression: '0 1 * * *', destinationIds: [bad.id, good.id] });
  await server.moveTo('2024-07-04T01:00:00Z');
  await minutePasses(server);
  const [job] = await jobsOf(server, made);
  expect(job).toMatchObject({ status: 'FAILED' });
  const puts = s3.received.filter(({ url }) => url.startsWith('/good-bucket/'));
  expect(puts).toHaveLength(3);
  const events = await server.request('GET', '/events?eventType=DataExportJobFailure');
  expect(events.body).toMatchObject({
    data: [
      {
        eventName: 'dataexport.job.failure',
        m3terEvent: {
          eventData: {
            jobId: job?.id,
            scheduleId: made.id,
            scheduleName: 'Nightly',
            sourceType: 'OPERATIONAL',
            destinationIds: [bad.id, good.id],
            error: expect.stringContaining('destination google: this installation has no identity'),
          },
        },
      },
    ],
  });
  const alerts = await server.request('GET', '/events?eventName=configuration.alert.created');
  expect(JSON.stringify(alerts.body)).toContain('"type":"DATA_EXPORT"');
  const download = await server.request('GET', `/dataexports/jobs/${job?.id}/getdownloadurl`);
  expect(download).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
});

test('a destination of a schedule stays until the schedule lets go of it', async () => {
  const { id } = await s3Destination();
  const made = await schedule({ cronExpression: '0 3 1 1 *', destinationIds: [id] });
  const path = `/dataexports/destinations/${id}`;
  expect(await server.request('DELETE', path)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
  const released = { ...made, destinationIds: [] };
  expect((await server.request('PUT', `/dataexports/schedules/${made.id}`, released)).status).toBe(200);
  expect((await server.request('DELETE', path)).status).toBe(200);
});

test.each([
  ['both a period and a cron expression', { scheduleType: 'DAY', period: 1, cronExpression: '0 3 * * *' }],
  ['neither', {}],
  ['no period', { scheduleType: 'DAY' }],
  ['minutes with an offset', { scheduleType: 'MINUTE', period: 30, offset: 5 }],
  ['less than 15 minutes', { scheduleType: 'MINUTE', period: 10 }],
  ['more than 31 days', { scheduleType: 'DAY', period: 32 }],
  ['hour 24', { scheduleType: 'DAY', period: 1, offset: 24 }],
  ['minute 60', { scheduleType: 'HOUR', period: 1, offset: 60 }],
  ['no cron expression', { cronExpression: 'often' }],
  ['no time period', { scheduleType: 'DAY', period: 1, sourceType: 'USAGE' }],
])('a schedule with %s is refused', async (_what, fields) => {
  const body = { name: 'No', code: freshCode('no'), ...PRODUCTS, ...fields };
  expect(await server.request('POST', '/dataexports/schedules', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED' },
  });
});

test.each([
  ['a role that is none', { iamRoleArn: 'arn:aws:s3:::x' }, 'VALIDATION_FAILED'],
  ['no type', { iamRoleArn: undefined }, 'VALIDATION_FAILED'],
  ['a part of the Google fields', { iamRoleArn: undefined, poolId: 'p' }, 'VALIDATION_FAILED'],
])('a destination with %s is refused', async (_what, fields, code) => {
  const body = { name: 'No', code: freshCode('no'), bucketName: 'abc', iamRoleArn: 'arn:aws:iam::1:role/x' };
  const answer = await server.request('POST', '/dataexports/destinations', { ...body, ...fields });
  expect(answer).toMatchObject({ status: 400, body: { code } });
});
