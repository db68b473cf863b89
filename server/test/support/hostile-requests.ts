import type { Operation } from '../../src/api/operation.ts';
import { newId } from '../../src/kernel/ids.ts';

/** One request that no client should send. */
export type HostileRequest = {
  readonly operation: Operation;
  readonly url: string;
  readonly body: string | null;
  readonly contentType: string;
};

type Facts = {
  readonly orgId: string;
  readonly fields: readonly string[];
  readonly parameters: readonly string[];
};

const JSON_TYPE = 'application/json';

/** Values that no field of a request is meant for, as JSON text. */
const VALUES = [
  '"\\u0000"',
  '"\\udc00x\\ud800"',
  '"../../etc/passwd\'; drop table product; --"',
  `"${'x'.repeat(5_000)}"`,
  '-1',
  '1e400',
  '123456789012345678901234567890123456789012345',
  '0.00000000000000000000000000000000000000000001',
  'true',
  '[]',
  '[null]',
  '{}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '"-271822-04-20T00:00:00Z"',
  '"0000-00-00T24:00:61Z"',
];

/** Bodies that are hostile as a whole. */
const BODIES = [
  'null',
  '[]',
  '"text"',
  '0',
  '{',
  '{"a":1,}',
  '\u0000',
  '{"version":1}}',
  '\ufeff{"a":1',
  '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
  'a=1&b=2',
  `{"x":${'{"x":'.repeat(200)}1${'}'.repeat(201)}`,
  `${'['.repeat(100_000)}`,
];

const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'x/y',
];

const QUERY_VALUES = [
  '-1',
  'x',
  '%00',
  "';--",
  '%ud800',
  '%ED%A0%80',
  'a,b,,c',
  '2024-02-30',
  '0000-01-01',
  '9999-12-31T23:59:59-14:00',
  '9'.repeat(400),
  '%F0%9F%98%80',
  '..%2F..%2Fetc',
  '%25%5f',
];

const IDS = [
  'no-uuid',
  '%00',
  '..%2f..',
  "'%20or%201=1--",
  '%F0%9F%98%80',
  'x'.repeat(900),
  '%ED%A0%80',
  '-1',
];

/** Requests that an operation has to refuse, whatever is stored: ids in paths are unknown. */
export function hostileRequests(operation: Operation, facts: Facts): HostileRequest[] {
  const url = urlOf(operation, facts.orgId, newId());
  const request = (body: string | null, contentType = JSON_TYPE, at = url) => ({
    operation,
    url: at,
    body,
    contentType,
  });
  const query = (text: string) => request(bodyFor(operation), JSON_TYPE, `${url}?${text}`);
  return [
    ...(operation.path.includes('{')
      ? IDS.map((id) => request(bodyFor(operation), JSON_TYPE, urlOf(operation, facts.orgId, id)))
      : []),
    ...(operation.body === null ? [] : bodiesOf(facts).map((body) => request(body))),
    ...(operation.body === null ? [] : TYPES.map((type) => request('{"a":', type))),
    ...facts.parameters.flatMap((name) =>
      [...QUERY_VALUES, `1&${name}=x`].map((value) => query(`${name}=${value}`)),
    ),
    query(`${'a=1&'.repeat(2_000)}__proto__=1`),
    query('__proto__[polluted]=true&constructor=x&%00=%00'),
  ].filter(({ body }) => operation.method === 'GET' || !isHarmless(operation, body));
}

/** A path with this text for every id in it. */
function urlOf(operation: Operation, orgId: string, id: string): string {
  return `/organizations/${orgId}${operation.path.replaceAll(/\{\w+\}/g, id)}`;
}

/** A write that is only wrong in its address or its query still has no valid body. */
function bodyFor({ method }: Operation): string | null {
  return method === 'POST' || method === 'PUT' ? '{"version":"none"' : null;
}

/** Each field in turn, beside another one that is certainly wrong: so no body is valid as a whole. */
function bodiesOf({ fields }: Facts): string[] {
  const single = fields.flatMap((field) => {
    const spoilt = fields.find((other) => other !== field && other !== 'version');
    const values = spoilt === undefined ? VALUES.filter(isNoText) : VALUES;
    return values.map((value) => `{"version":0,"${spoilt ?? 'x'}":[[1]],"${field}":${value}}`);
  });
  const large = `{"version":0,"${fields[0] ?? 'x'}":"${'x'.repeat(600_000)}"}`;
  const last = fields.findLast((field) => field !== 'version') ?? 'x';
  const objects = ['"version":"1"', '"version":1e308,"version":-1', '"__proto__":{"polluted":true}'];
  return [...BODIES, large, ...objects.map((text) => `{${text},"${last}":[[1]]}`), ...single];
}

/** A strange text is a fine name where a name is all that is wanted. */
function isNoText(value: string): boolean {
  return !value.startsWith('"') || value.includes('\\u');
}

/** Operations on existing documents without a body take any: they would rightly succeed. */
function isHarmless(operation: Operation, body: string | null): boolean {
  return operation.body === null && body === null && !operation.path.includes('{');
}
