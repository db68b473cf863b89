import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { uuidFromText } from './kernel/ids.ts';
import { type JsonValue, parseJson } from './kernel/json.ts';
import { StartError } from './kernel/start-error.ts';

/** Rate limits: none, the published table, or own figures per API (spec 10 §10). */
export type RateLimits = 'off' | 'published' | { readonly [key: string]: JsonValue };

/** What the first start creates; an absent part is generated and printed once. */
export type BootstrapConfig = {
  readonly orgId: string | null;
  readonly accessKeyId: string | null;
  readonly apiSecret: string | null;
  readonly email: string | null;
  readonly password: string | null;
};

/** A mail server and the address that mails come from. */
export type MailConfig = { readonly url: string; readonly from: string };

/** Null: Amazon's and Google's own addresses; without a token file, nothing is written to Google. */
export type ExportsConfig = {
  readonly s3Endpoint: string | null;
  readonly gcsTokenFile: string | null;
  readonly gcsEndpoint: string | null;
};

/** Everything that the environment decides. Null stands for: not given. */
export type Config = {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Null: a private PostgreSQL under the data directory. */
  readonly databaseUrl: string | null;
  /** Null: chDB under the data directory. */
  readonly clickhouseUrl: string | null;
  /** The cluster that holds the measurements; null: the one server of the URL. */
  readonly clickhouseCluster: string | null;
  /** Null: a folder under the data directory. */
  readonly filesUrl: string | null;
  /** The file store is S3-compatible at an address of its own. */
  readonly hasFilesEndpoint: boolean;
  /** How data exports reach the buckets of destinations. */
  readonly exports: ExportsConfig;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** Null: no mails are sent, links are shown to who asked for them. */
  readonly mail: MailConfig | null;
  readonly rateLimits: RateLimits;
  /** Hosts, addresses and networks that may be sent to although they are internal, or without TLS. */
  readonly outboundAllow: readonly string[];
  readonly secretKey: string | null;
  readonly logLevel: string;
  readonly bootstrap: BootstrapConfig;
};

export type Environment = { readonly [name: string]: string | undefined };

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * The configuration of this process; the only reader of the environment. Throws `StartError` on a bad value.
 */
export function readEnv(env: Environment = process.env): Config {
  const port = portOf(env, 8080);
  const host = textOf(env, 'HOST') ?? '127.0.0.1';
  return {
    port,
    host,
    dataDir: resolve(textOf(env, 'METERBOOK_DATA_DIR') ?? './data'),
    databaseUrl: urlOf(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    clickhouseUrl: urlOf(env, 'CLICKHOUSE_URL', ['http:', 'https:']),
    clickhouseCluster: clusterOf(env),
    filesUrl: urlOf(env, 'FILES_URL', ['s3:']),
    hasFilesEndpoint: (textOf(env, 'AWS_ENDPOINT_URL_S3') ?? textOf(env, 'AWS_ENDPOINT_URL')) !== null,
    exports: exportsOf(env),
    publicUrl:
      urlOf(env, 'METERBOOK_PUBLIC_URL', ['http:', 'https:'])?.replace(/\/+$/, '') ?? urlAt(host, port),
    mail: mailOf(env),
    rateLimits: rateLimitsOf(env),
    outboundAllow: outboundAllowOf(env),
    secretKey: secretOf(env),
    logLevel: choiceOf(env, 'METERBOOK_LOG_LEVEL', LOG_LEVELS) ?? 'info',
    bootstrap: bootstrapOf(env),
  };
}

function exportsOf(env: Environment): ExportsConfig {
  const addressOf = (name: string) => urlOf(env, name, ['http:', 'https:'])?.replace(/\/+$/, '') ?? null;
  return {
    s3Endpoint: addressOf('METERBOOK_EXPORTS_S3_ENDPOINT'),
    gcsTokenFile: textOf(env, 'METERBOOK_EXPORTS_GCS_TOKEN_FILE'),
    gcsEndpoint: addressOf('METERBOOK_EXPORTS_GCS_ENDPOINT'),
  };
}

/** The base address of a listener; an IPv6 address gets its brackets. */
export function urlAt(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function textOf(env: Environment, name: string): string | null {
  const text = env[name]?.trim();
  return text === undefined || text === '' ? null : text;
}

function portOf(env: Environment, otherwise: number): number {
  const text = textOf(env, 'PORT');
  if (text === null) return otherwise;
  const port = /^\d{1,5}$/.test(text) ? Number.parseInt(text, 10) : Number.POSITIVE_INFINITY;
  if (port > 65_535) throw new StartError(`PORT must be a whole number from 0 to 65535, not "${text}"`);
  return port;
}

/** URLs can carry passwords, so a bad one is not repeated in the message. */
function urlOf(env: Environment, name: string, schemes: readonly string[]): string | null {
  const text = textOf(env, name);
  if (text === null) return null;
  const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ');
  if (!URL.canParse(text)) throw new StartError(`${name} is not a URL; it must begin with ${wanted}`);
  if (!schemes.includes(new URL(text).protocol)) throw new StartError(`${name} must begin with ${wanted}`);
  return text;
}

function clusterOf(env: Environment): string | null {
  const name = textOf(env, 'METERBOOK_CLICKHOUSE_CLUSTER');
  if (name === null) return null;
  if (textOf(env, 'CLICKHOUSE_URL') === null) {
    throw new StartError('METERBOOK_CLICKHOUSE_CLUSTER needs CLICKHOUSE_URL');
  }
  if (/^[\w.-]{1,100}$/.test(name)) return name;
  throw new StartError('METERBOOK_CLICKHOUSE_CLUSTER must be a name of letters, digits, dots, - and _');
}

function choiceOf(env: Environment, name: string, choices: readonly string[]): string | null {
  const text = textOf(env, name);
  if (text === null || choices.includes(text)) return text;
  throw new StartError(`${name} must be one of ${choices.join(', ')}, not "${text}"`);
}

function mailOf(env: Environment): MailConfig | null {
  const url = urlOf(env, 'SMTP_URL', ['smtp:', 'smtps:']);
  const from = textOf(env, 'METERBOOK_MAIL_FROM');
  if (url !== null && from === null) throw new StartError('SMTP_URL needs METERBOOK_MAIL_FROM');
  return url === null || from === null ? null : { url, from };
}

function rateLimitsOf(env: Environment): RateLimits {
  const text = textOf(env, 'METERBOOK_RATE_LIMITS') ?? 'off';
  if (text === 'off' || text === 'published') return text;
  const figures = jsonObject(text);
  if (figures === null) {
    throw new StartError('METERBOOK_RATE_LIMITS must be off, published or a JSON object');
  }
  return figures;
}

function jsonObject(text: string): { readonly [key: string]: JsonValue } | null {
  if (!text.startsWith('{')) return null;
  try {
    return parseJson(text) as { readonly [key: string]: JsonValue };
  } catch {
    return null;
  }
}

/** `hooks.internal, 127.0.0.1, 10.1.0.0/16`. */
function outboundAllowOf(env: Environment): readonly string[] {
  const entries = (textOf(env, 'METERBOOK_OUTBOUND_ALLOW') ?? '').split(',').map((entry) => entry.trim());
  return entries.filter(Boolean).map((entry) => {
    if (/^[a-z0-9.:_-]+$/i.test(entry) || isNetwork(entry)) return entry.toLowerCase();
    throw new StartError(`METERBOOK_OUTBOUND_ALLOW has a host or network that is none: "${entry}"`);
  });
}

function isNetwork(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return prefix !== '' && Number.parseInt(prefix, 10) <= bits;
}

function secretOf(env: Environment): string | null {
  const text = textOf(env, 'METERBOOK_SECRET_KEY');
  if (text !== null && text.length < 16) {
    throw new StartError('METERBOOK_SECRET_KEY must have at least 16 characters');
  }
  return text;
}

function bootstrapOf(env: Environment): BootstrapConfig {
  const orgId = textOf(env, 'METERBOOK_BOOTSTRAP_ORG_ID');
  const id = orgId === null ? null : uuidFromText(orgId);
  if (orgId !== null && id === null) {
    throw new StartError(`METERBOOK_BOOTSTRAP_ORG_ID must be a UUID, not "${orgId}"`);
  }
  return {
    orgId: id,
    accessKeyId: textOf(env, 'METERBOOK_BOOTSTRAP_ACCESS_KEY_ID'),
    apiSecret: textOf(env, 'METERBOOK_BOOTSTRAP_API_SECRET'),
    email: textOf(env, 'METERBOOK_BOOTSTRAP_EMAIL'),
    password: textOf(env, 'METERBOOK_BOOTSTRAP_PASSWORD'),
  };
}
