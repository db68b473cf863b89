import { type JsonValue, parseJson, writeJson } from '../kernel/json.ts';

/** Where a server is and how to sign in to one organization of it. */
export type Access = {
  readonly baseUrl: string;
  readonly orgId: string;
  readonly accessKeyId: string;
  readonly apiSecret: string;
};

export type Json = { readonly [name: string]: JsonValue };

/**
 * A client of the public API for demo and bench: paths are below the organization, answers keep all digits.
 */
export type ApiClient = {
  readonly access: Access;
  /** The header that this client sends. */
  readonly authorization: string;
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Json>;
  /** Sends a body that is JSON text already. */
  send(path: string, text: string): Promise<Json>;
};

/** Signs in; throws an Error that names status and message for every answer that is not 200. */
export async function openClient(access: Access): Promise<ApiClient> {
  const basic = Buffer.from(`${access.accessKeyId}:${access.apiSecret}`).toString('base64');
  const token = await answerOf(
    'POST /oauth/token',
    await fetch(`${access.baseUrl}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
      body: '{"grant_type":"client_credentials"}',
    }),
  );
  const authorization = `Bearer ${String(token['access_token'])}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const call = async (method: string, path: string, text: string | null) => {
    const url = `${access.baseUrl}/organizations/${access.orgId}${path}`;
    return answerOf(`${method} ${path}`, await fetch(url, { method, headers, body: text }));
  };
  return {
    access,
    authorization,
    request: (method, path, body) => call(method, path, body === undefined ? null : writeJson(body)),
    send: (path, text) => call('POST', path, text),
  };
}

async function answerOf(what: string, response: Response): Promise<Json> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${what} answered ${response.status}: ${text.slice(0, 300)}`);
  return parseJson(text) as Json;
}

/** Every item of a list, page by page. */
export async function allPages(client: ApiClient, path: string): Promise<Json[]> {
  const items: Json[] = [];
  let token = '';
  do {
    const join = path.includes('?') ? '&' : '?';
    const page = await client.request('GET', `${path}${token && `${join}nextToken=${token}`}`);
    items.push(...(page['data'] as Json[]));
    token = String(page['nextToken'] ?? '');
  } while (token !== '');
  return items;
}
