import { expect, test } from 'vitest';
import { openedText } from '../../kernel/sealed-text.ts';
import { storedCredentials } from './webhook-credentials.ts';

const seal = { key: Buffer.alloc(32, 1), owner: 'org-1' };
const nothing = { name: null, destination: null, empty: null, apiKey: null, secret: null };
const signed = { ...nothing, apiKey: 'key-1', secret: 's3cr3t' };

test('key and secret are stored, the secret sealed', () => {
  const stored = storedCredentials(signed, null, seal);
  expect(stored).toMatchObject({ type: 'M3TER_SIGNED_REQUEST', destination: 'WEBHOOK', apiKey: 'key-1' });
  expect(openedText(stored.sealedSecret ?? '', seal)).toBe('s3cr3t');
});

test('empty credentials of a new webhook leave its requests unsigned', () => {
  expect(storedCredentials({ ...nothing, empty: true }, null, seal)).toMatchObject({
    apiKey: null,
    sealedSecret: null,
  });
});

test.each([
  ['the same key without a secret', { ...signed, secret: null }],
  ['empty', { ...nothing, empty: true }],
])('an update with %s keeps key and secret', (_, given) => {
  const before = storedCredentials(signed, null, seal);
  expect(storedCredentials({ ...given, name: 'Renamed' }, before, seal)).toEqual({
    ...before,
    name: 'Renamed',
  });
});

test('an update with key and secret replaces both', () => {
  const before = storedCredentials(signed, null, seal);
  const after = storedCredentials({ ...signed, secret: 'other' }, before, seal);
  expect(openedText(after.sealedSecret ?? '', seal)).toBe('other');
});

test.each([
  ['no credentials', null, null, /credentials is required/],
  ['no key', { ...signed, apiKey: null }, null, /credentials.apiKey is required/],
  ['no secret', { ...signed, secret: null }, null, /credentials.secret is required/],
  [
    'another key without its secret',
    { ...signed, apiKey: 'key-2', secret: null },
    signed,
    /secret is required/,
  ],
])('%s is refused', (_, given, stored, message) => {
  const before = stored && storedCredentials(stored, null, seal);
  expect(() => storedCredentials(given, before, seal)).toThrow(message);
});
