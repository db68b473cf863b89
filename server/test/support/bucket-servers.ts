import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that a stand-in received. */
export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

export type BucketServer = {
  readonly url: string;
  /** Everything that was asked for, in order. */
  readonly received: Received[];
  /** What has been stored, by path: `/bucket/key`. */
  readonly objects: Map<string, Buffer>;
  /** From then on every write is refused. */
  refuseWrites(refused: boolean): void;
  close(): Promise<void>;
};

type Reply = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
};
type Answerer = (request: Received, objects: Map<string, Buffer>) => Reply;

async function bucketServer(answer: Answerer): Promise<BucketServer> {
  const received: Received[] = [];
  const objects = new Map<string, Buffer>();
  const state = { refusing: false };
  const server: Server = createServer(async (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: await buffer(incoming) };
    received.push(request);
    const refused: Reply = {
      status: 403,
      body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
    };
    const reply = state.refusing ? refused : answer(request, objects);
    outgoing.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    objects,
    refuseWrites: (refused) => {
      state.refusing = refused;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Leads the AWS library's S3 to a stand-in, or back to Amazon. */
export function setS3Endpoint(url: string | null): void {
  process.env['AWS_REGION'] = 'eu-central-1';
  if (url === null) delete process.env['AWS_ENDPOINT_URL_S3'];
  else process.env['AWS_ENDPOINT_URL_S3'] = url;
}

/** Credentials of the installation, where the AWS library looks for them. */
export function setAwsCredentials(): void {
  process.env['AWS_ACCESS_KEY_ID'] = 'installation';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
}

const ASSUMED = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
  <Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>key</SecretAccessKey>
  <SessionToken>session</SessionToken><Expiration>2090-01-01T00:00:00Z</Expiration></Credentials>
  </AssumeRoleResult></AssumeRoleResponse>`;

/** The part of the S3 protocol that files need, whole and in parts, and of STS the assuming of a role. */
export function s3Server(): Promise<BucketServer> {
  const parts = new Map<string, Buffer>();
  return bucketServer(({ method, url, headers, body }, objects) => {
    const { pathname, searchParams } = new URL(url, 'http://s3');
    const path = decodeURIComponent(pathname);
    if (method === 'POST' && path === '/') return { headers: { 'content-type': 'text/xml' }, body: ASSUMED };
    if (method === 'POST' && searchParams.has('uploads')) {
      return {
        body: '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
      };
    }
    if (method === 'PUT' && searchParams.has('partNumber')) {
      parts.set(searchParams.get('partNumber') ?? '', body);
      return { headers: { etag: '"e"' } };
    }
    if (method === 'GET' || method === 'HEAD') return found(objects.get(path), method);
    if (method === 'DELETE') objects.delete(path);
    if (method === 'PUT' && headers['if-none-match'] === '*' && objects.has(path)) return { status: 412 };
    if (method === 'PUT') objects.set(path, body);
    if (method === 'POST') {
      const ordered = [...parts].sort(([a], [b]) => Number(a) - Number(b)).map(([, part]) => part);
      objects.set(path, Buffer.concat(ordered));
      return { body: '<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>' };
    }
    return { headers: { etag: '"e"' } };
  });
}

function found(object: Buffer | undefined, method: string): Reply {
  if (object === undefined) return { status: 404 };
  const headers = { etag: '"e"', 'content-length': String(object.length) };
  return method === 'HEAD' ? { headers } : { headers, body: object };
}

/** Google's exchange of tokens, acting as a service account, and uploads, all at one address. */
export function gcsServer(): Promise<BucketServer> {
  return bucketServer(({ url, headers, body }, objects) => {
    const { pathname, searchParams } = new URL(url, 'http://gcs');
    const json = (value: object) => ({ body: JSON.stringify(value) });
    if (pathname === '/v1/token') return json({ access_token: 'federated' });
    if (pathname.endsWith(':generateAccessToken')) {
      return headers.authorization === 'Bearer federated' ? json({ accessToken: 'acting' }) : { status: 401 };
    }
    const bucket = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(pathname)?.[1];
    if (bucket === undefined) return { status: 404, body: 'no such path' };
    objects.set(`/${bucket}/${searchParams.get('name')}`, body);
    return json({ name: searchParams.get('name') });
  });
}
