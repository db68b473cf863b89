import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ExportBucket, ExportSettings } from './export-bucket.ts';

export type GcsBucket = {
  readonly type: 'GCS';
  readonly bucketName: string;
  readonly projectNumber: string;
  readonly poolId: string;
  readonly providerId: string;
  /** Whom the federated identity acts as; null = as itself. */
  readonly serviceAccountEmail: string | null;
};

const STS = 'https://sts.googleapis.com';
const IAM = 'https://iamcredentials.googleapis.com';
const STORAGE = 'https://storage.googleapis.com';
const STORAGE_SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';
const CLOUD_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const TOKEN_PATIENCE_MS = 30_000;

/**
 * A bucket in Google Cloud Storage (spec 60 §8.1). Workload identity federation: the installation's own OIDC
 * token is exchanged for a Google one, which may then act as the service account.
 */
export function gcsBucket(bucket: GcsBucket, settings: ExportSettings): ExportBucket {
  let token: Promise<string> | null = null;
  const stopping = new AbortController();
  return {
    async write(key, { content, sizeBytes, contentType }) {
      token ??= accessToken(bucket, settings);
      const path = `/upload/storage/v1/b/${encodeURIComponent(bucket.bucketName)}/o`;
      const query = `?uploadType=media&name=${encodeURIComponent(key)}`;
      const headers = { 'content-type': contentType, 'content-length': String(sizeBytes) };
      await answerOf(`${settings.gcsEndpoint ?? STORAGE}${path}${query}`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${await token}` },
        body: Readable.toWeb(content) as ReadableStream<Uint8Array>,
        duplex: 'half',
        signal: stopping.signal,
      });
    },
    close: () => stopping.abort(),
  };
}

async function accessToken(bucket: GcsBucket, settings: ExportSettings): Promise<string> {
  if (settings.gcsTokenFile === null) {
    throw new Error('this installation has no identity for Google Cloud (METERBOOK_EXPORTS_GCS_TOKEN_FILE)');
  }
  const subjectToken = (await readFile(settings.gcsTokenFile, 'utf8')).trim();
  const email = bucket.serviceAccountEmail;
  const { projectNumber, poolId, providerId } = bucket;
  const pool = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}`;
  const federated = await posted(`${settings.gcsEndpoint ?? STS}/v1/token`, {
    audience: `//iam.googleapis.com/${pool}/providers/${providerId}`,
    grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
    subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    scope: email === null ? STORAGE_SCOPE : CLOUD_SCOPE,
    subjectToken,
  });
  const token = textIn(federated, 'access_token');
  return email === null ? token : impersonated(email, token, settings);
}

async function impersonated(email: string, token: string, settings: ExportSettings): Promise<string> {
  const account = `/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}`;
  const url = `${settings.gcsEndpoint ?? IAM}${account}:generateAccessToken`;
  return textIn(await posted(url, { scope: [STORAGE_SCOPE] }, token), 'accessToken');
}

async function posted(url: string, body: object, token?: string): Promise<unknown> {
  return answerOf(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TOKEN_PATIENCE_MS),
  });
}

const SHOWN_CHARACTERS = 300;

/** The JSON of a successful answer. Throws with the other side's words. */
async function answerOf(url: string, request: RequestInit & { duplex?: 'half' }): Promise<unknown> {
  const answer = await fetch(url, request);
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  const { host } = new URL(url);
  throw new Error(
    `${host} answered ${answer.status}: ${text.replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS)}`,
  );
}

function textIn(answer: unknown, name: string): string {
  const value = (answer as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string') throw new Error(`Google answered without ${name}`);
  return value;
}
