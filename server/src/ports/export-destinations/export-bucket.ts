import type { Readable } from 'node:stream';
import { type GcsBucket, gcsBucket } from './gcs-bucket.ts';
import type { S3Bucket } from './s3-bucket.ts';

/** A bucket of somebody else's that files are written to. */
export type ExportBucket = {
  /** Writes one object, replacing what was there. Throws when the other side refuses it. */
  write(key: string, object: BucketObject): Promise<void>;
  /** Lets go of its connections. */
  close(): void;
};

export type BucketObject = {
  /** All bytes, as a stream that is read once. */
  readonly content: Readable;
  readonly sizeBytes: number;
  readonly contentType: string;
};

/** What the installation decides about writing to buckets (`config.ts`). Null stands for: not given. */
export type ExportSettings = {
  /** An S3-compatible store in place of Amazon's; then no role is assumed. */
  readonly s3Endpoint: string | null;
  /** A file with an OIDC token of this installation, which Google exchanges for one of its own. */
  readonly gcsTokenFile: string | null;
  /** In place of Google's addresses, for a private endpoint or an emulator. */
  readonly gcsEndpoint: string | null;
};

/** The bucket of a destination. Nothing is sent before the first write. */
export async function openExportBucket(
  bucket: S3Bucket | GcsBucket,
  settings: ExportSettings,
): Promise<ExportBucket> {
  if (bucket.type === 'GCS') return gcsBucket(bucket, settings);
  // Loaded only here: the AWS libraries are large, and most installations export elsewhere or not at all.
  const { s3Bucket } = await import('./s3-bucket.ts');
  return s3Bucket(bucket, { endpoint: settings.s3Endpoint });
}
