import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BucketServer,
  gcsServer,
  s3Server,
  setAwsCredentials,
} from '../../../test/support/bucket-servers.ts';
import { type BucketObject, type ExportBucket, openExportBucket } from './export-bucket.ts';
import { s3Bucket } from './s3-bucket.ts';

function object(content: Buffer): BucketObject {
  return { content: Readable.from([content]), sizeBytes: content.length, contentType: 'application/gzip' };
}

let server: BucketServer;
let bucket: ExportBucket;
afterEach(async () => {
  bucket.close();
  await server.close();
});

const S3 = {
  type: 'S3',
  bucketName: 'acme-exports',
  roleArn: 'arn:aws:iam::123456789012:role/exports',
  orgId: 'org-1',
} as const;

describe('an S3 bucket', () => {
  beforeEach(async () => {
    setAwsCredentials();
    server = await s3Server();
  });

  test('of a compatible store is written with the credentials of the installation', async () => {
    bucket = s3Bucket(S3, { endpoint: server.url });
    await bucket.write('a/b=1/x.csv.gz', object(Buffer.from('hello')));
    expect(server.objects.get('/acme-exports/a/b=1/x.csv.gz')?.toString()).toBe('hello');
    expect(server.received.map(({ method }) => method)).toEqual(['PUT']);
    expect(server.received[0]?.headers).toMatchObject({
      'content-type': 'application/gzip',
      authorization: expect.stringContaining('Credential=installation/'),
    });
  });

  test('takes a large object in parts', async () => {
    const content = randomBytes(17 * 1024 ** 2);
    bucket = s3Bucket(S3, { endpoint: server.url });
    await bucket.write('large', object(content));
    expect(server.objects.get('/acme-exports/large')?.equals(content)).toBe(true);
  });

  test('is written as the role of the destination', async () => {
    // The bucket itself is Amazon's and out of reach here; the role has been assumed by then.
    bucket = s3Bucket(S3, { endpoint: null, stsEndpoint: server.url, bucketEndpoint: server.url });
    await bucket.write('x', object(Buffer.from('hello')));
    const [assumed, written] = server.received;
    const asked = new URLSearchParams(assumed?.body.toString());
    expect(Object.fromEntries(asked)).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: S3.roleArn,
      ExternalId: 'org-1',
    });
    expect(assumed?.headers.authorization).toContain('Credential=installation/');
    expect(written?.headers).toMatchObject({
      authorization: expect.stringContaining('Credential=ASSUMED/'),
      'x-amz-security-token': 'session',
    });
  });

  test('that refuses says why', async () => {
    bucket = s3Bucket(S3, { endpoint: server.url });
    server.refuseWrites(true);
    await expect(bucket.write('x', object(Buffer.from('hello')))).rejects.toThrow('no');
    expect(server.objects.size).toBe(0);
  });
});

const GCS = {
  type: 'GCS',
  bucketName: 'acme',
  projectNumber: '42',
  poolId: 'pool',
  providerId: 'own',
  serviceAccountEmail: null,
} as const;

describe('a bucket of Google Cloud', () => {
  let folder: string;
  let gcsTokenFile: string;
  beforeEach(async () => {
    server = await gcsServer();
    folder = await mkdtemp(join(tmpdir(), 'meterbook-token-'));
    gcsTokenFile = join(folder, 'token');
    await writeFile(gcsTokenFile, 'own-token\n');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is written with a token that was exchanged for the own one', async () => {
    bucket = await openExportBucket(GCS, { s3Endpoint: null, gcsTokenFile, gcsEndpoint: server.url });
    await bucket.write('a/b=1/x y.gz', object(Buffer.from('hello')));
    await bucket.write('two', object(Buffer.from('again')));
    expect([...server.objects].map(([key, value]) => [key, value.toString()])).toEqual([
      ['/acme/a/b=1/x y.gz', 'hello'],
      ['/acme/two', 'again'],
    ]);
    const [exchange, ...uploads] = server.received;
    expect(JSON.parse(exchange?.body.toString() ?? '')).toMatchObject({
      subjectToken: 'own-token',
      audience: '//iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/pool/providers/own',
    });
    expect(uploads.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer federated',
      'Bearer federated',
    ]);
  });

  test('is written as the service account', async () => {
    const acting = { ...GCS, serviceAccountEmail: 'export@acme.example' };
    bucket = await openExportBucket(acting, { s3Endpoint: null, gcsTokenFile, gcsEndpoint: server.url });
    await bucket.write('x', object(Buffer.from('hello')));
    expect(server.received[1]?.url).toBe(
      '/v1/projects/-/serviceAccounts/export%40acme.example:generateAccessToken',
    );
    expect(server.received[2]?.headers.authorization).toBe('Bearer acting');
  });

  test('that refuses says why', async () => {
    bucket = await openExportBucket(GCS, { s3Endpoint: null, gcsTokenFile, gcsEndpoint: server.url });
    server.refuseWrites(true);
    await expect(bucket.write('x', object(Buffer.from('hello')))).rejects.toThrow(
      /answered 403: .*AccessDenied/,
    );
  });

  test('is not written without an identity of the installation', async () => {
    bucket = await openExportBucket(GCS, { s3Endpoint: null, gcsTokenFile: null, gcsEndpoint: server.url });
    await expect(bucket.write('x', object(Buffer.from('hello')))).rejects.toThrow('GCS_TOKEN_FILE');
    expect(server.received).toEqual([]);
  });
});
