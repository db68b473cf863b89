import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rotateSigningKeys } from '../../src/areas/identity/index.ts';
import { askWith, newUser, userToken } from '../support/people.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let userId: string;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  userId = (await newUser(server)).id;
});
afterAll(() => server.close());

/** Moves the clock on and does what is due every night. */
async function rotatedAfter(hours: number): Promise<void> {
  server.clock.set(server.clock.now().add({ hours }));
  await rotateSigningKeys.run(server.context, {});
}

/** The published keys, the newest first. */
async function publicKeys(): Promise<{ kid: string }[]> {
  const { status, body } = await server.raw('GET', '/.well-known/jwks.json');
  expect(status).toBe(200);
  return (body as { keys: { kid: string }[] }).keys;
}

async function keyIds(): Promise<string[]> {
  return (await publicKeys()).map(({ kid }) => kid);
}

function answerTo(token: string): Promise<Answer> {
  return askWith(server, token)('GET', '/users/me');
}

test('keys are replaced after 30 days; an old one verifies its tokens until it leaves', async () => {
  const [first = '', ...none] = await keyIds();
  expect(none).toEqual([]);
  await rotatedAfter(30 * 24 - 1);
  expect(await keyIds()).toEqual([first]);

  await rotatedAfter(1);
  const [second = '', ...rest] = await keyIds();
  expect(rest).toEqual([first]);
  expect(second).not.toBe(first);
  expect(decodeProtectedHeader(await userToken(server, userId)).kid).toBe(second);

  await rotatedAfter(2 * 24);
  expect(await keyIds()).toEqual([second, first]);
  await rotatedAfter(1);
  expect(await keyIds()).toEqual([second]);
});

test('a token outlives the replacement of the key that signed it', async () => {
  const [signer] = await keyIds();
  // The key was made 49 hours ago and is replaced after 720; a token of a person lives for one hour.
  server.clock.set(server.clock.now().add({ minutes: (720 - 49) * 60 - 30 }));
  const token = await userToken(server, userId);
  expect(decodeProtectedHeader(token).kid).toBe(signer);
  server.clock.set(server.clock.now().add({ minutes: 59 }));
  await rotatedAfter(0);
  expect((await keyIds())[0]).not.toBe(signer);
  expect(await answerTo(token)).toMatchObject({ status: 200 });
});

test('no private key is published', async () => {
  for (const key of await publicKeys()) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  }
});
