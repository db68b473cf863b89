import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { maskedHeaders, webhookRequest } from './webhook-request.ts';

const message = {
  url: 'https://hooks.example.org/m3',
  body: '{"a":1}',
  runId: 'run-1',
  sentAt: Temporal.Instant.fromEpochMilliseconds(1_718_000_000_000),
  key: { apiKey: 'key-1', secret: 's3cr3t' },
};

test('a request is signed over url, key, time and body', () => {
  // HMAC-SHA256 of `https://hooks.example.org/m3|{}|key-1|1718000000000|{"a":1}` with s3cr3t.
  expect(webhookRequest(message).headers).toEqual({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'meterbook',
    'x-m3ter-delivery': 'run-1',
    'x-m3ter-apikey': 'key-1',
    'x-m3ter-timestamp': '1718000000000',
    'x-m3ter-signature': '012aba3e53953491062d23944b7f15b1dc8fcb6ec98cf37d0b6120bd81a02101',
  });
});

test('without a key it goes out unsigned', () => {
  const { headers } = webhookRequest({ ...message, key: null });
  expect(Object.keys(headers)).toEqual(['content-type', 'user-agent', 'x-m3ter-delivery']);
});

test('logs show neither key nor signature', () => {
  const masked = maskedHeaders(webhookRequest(message).headers);
  expect(masked).toMatchObject({ 'x-m3ter-apikey': '***', 'x-m3ter-signature': '***' });
  expect(masked['x-m3ter-timestamp']).toBe('1718000000000');
});
