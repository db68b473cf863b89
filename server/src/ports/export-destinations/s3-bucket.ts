import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { Upload } from '@aws-sdk/lib-storage';
import type { ExportBucket } from './export-bucket.ts';

export type S3Bucket = {
  readonly type: 'S3';
  readonly bucketName: string;
  /** The role that may write to it. */
  readonly roleArn: string;
  /** Sent as external id: with it the owner of the role lets this organization have it assumed, no other. */
  readonly orgId: string;
};

type Credentials = NonNullable<S3ClientConfig['credentials']>;

export type S3Access = {
  /** An S3-compatible store; null = Amazon's, where the role is assumed. */
  readonly endpoint: string | null;
  /** In place of Amazon's addresses of the token service and of the bucket, for tests. */
  readonly stsEndpoint?: string;
  readonly bucketEndpoint?: string;
  /** The installation's own; absent = from the usual AWS variables and files. */
  readonly credentials?: Credentials;
};

const DEFAULT_REGION = 'us-east-1';
const SESSION_NAME = 'meterbook-export';
const PART_BYTES = 16 * 1024 ** 2;

/**
 * A bucket in S3: the installation's credentials assume the destination's role, whose temporary ones write
 * (spec 60 §8.1). An S3-compatible store at an address of its own knows no such roles: there the
 * installation's credentials write.
 */
export function s3Bucket(bucket: S3Bucket, access: S3Access): ExportBucket {
  const own = new S3Client({ ...(access.credentials && { credentials: access.credentials }) });
  const client =
    access.endpoint === null ? roleClient(own, bucket, access) : storeClient(own, access.endpoint);
  return {
    async write(key, { content, contentType }) {
      const object = { Bucket: bucket.bucketName, Key: key, ContentType: contentType, Body: content };
      // In parts, so that a large file needs no memory; an upload that fails leaves nothing behind.
      await new Upload({ client, params: object, partSize: PART_BYTES, queueSize: 2 }).done();
    },
    close() {
      client.destroy();
      own.destroy();
    },
  };
}

function storeClient(own: S3Client, endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: regionOf(own),
    credentials: own.config.credentials,
    forcePathStyle: true,
    // Not every compatible store knows the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

function roleClient(own: S3Client, bucket: S3Bucket, access: S3Access): S3Client {
  const region = regionOf(own);
  const sts = new STSClient({
    region,
    credentials: own.config.credentials,
    ...(access.stsEndpoint && { endpoint: access.stsEndpoint }),
  });
  return new S3Client({
    region,
    // The bucket may be in any region; the answer to the first request tells.
    followRegionRedirects: true,
    ...(access.bucketEndpoint && { endpoint: access.bucketEndpoint, forcePathStyle: true }),
    credentials: () => assumedRole(sts, bucket),
  });
}

/** From the usual AWS variables, else one that every account has. */
function regionOf(own: S3Client): () => Promise<string> {
  return async () => {
    try {
      return await own.config.region();
    } catch {
      return DEFAULT_REGION;
    }
  };
}

async function assumedRole(sts: STSClient, { roleArn, orgId }: S3Bucket) {
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: SESSION_NAME,
    ExternalId: orgId,
  });
  const { Credentials: given } = await sts.send(command);
  if (!given?.AccessKeyId || !given.SecretAccessKey) throw new Error(`no credentials for role ${roleArn}`);
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    ...(given.SessionToken && { sessionToken: given.SessionToken }),
    ...(given.Expiration && { expiration: given.Expiration }),
  };
}
