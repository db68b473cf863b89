import { createServer } from 'node:net';

/** A browser without scripts: keeps cookies by name and path, follows no redirect by itself. */
export type Browser = {
  get(url: string): Promise<Response>;
  /** Sends a form. */
  post(url: string, fields: Readonly<Record<string, string>>): Promise<Response>;
};

type Cookie = { readonly name: string; readonly value: string; readonly path: string };

export function openBrowser(): Browser {
  let jar: Cookie[] = [];
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const cookie = jar
      .filter(({ path }) => pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    const fresh = answer.headers.getSetCookie().map(cookieFromHeader);
    jar = jar.filter((old) => !fresh.some(({ name, path }) => name === old.name && path === old.path));
    jar.push(...fresh.filter(({ value }) => value !== ''));
    return answer;
  };
  return {
    get: (url) => send(url, {}),
    post: (url, fields) =>
      send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      }),
  };
}

function cookieFromHeader(header: string): Cookie {
  const [pair = '', ...attributes] = header.split('; ');
  const [name = '', ...value] = pair.split('=');
  const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5);
  return { name, value: value.join('='), path: path ?? '/' };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
