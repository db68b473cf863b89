import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { failedIngestFile, type IngestFailure, ingestFailurePayload, raisesAlert } from './ingest-failure.ts';

const receivedAt = Temporal.Instant.from('2024-03-05T10:00:01.120Z');
const failure: IngestFailure = {
  type: 'MissingField',
  batch: 0,
  position: 3,
  message: "Field 'bytes' (MEASURE) is missing",
  errors: [{ field: 'bytes', message: "Field 'bytes' (MEASURE) is missing" }],
  uid: 'u-1',
  meterCode: 'm1',
  accountCode: 'acme',
  accountId: null,
  tsMs: Temporal.Instant.from('2024-03-05T10:00:00Z').epochMilliseconds,
};

test('the event of a failure has the documented payload', () => {
  expect(ingestFailurePayload(failure, receivedAt, 'https://api/x')).toEqual({
    type: 'MissingField',
    message: "Field 'bytes' (MEASURE) is missing",
    fields: ['bytes'],
    meterCode: 'm1',
    accountCode: 'acme',
    uid: 'u-1',
    ts: '2024-03-05T10:00:00.000Z',
    receivedAt: '2024-03-05T10:00:01.120Z',
    getDownloadUrl: 'https://api/x',
  });
});

test('the event names the account once it is known and leaves out a uid that was not sent', () => {
  const payload = ingestFailurePayload({ ...failure, accountId: 'a-1', uid: null }, receivedAt, '');
  expect(payload).toMatchObject({ accountId: 'a-1' });
  expect(payload).not.toHaveProperty('uid');
});

test('the file of a failure holds the errors and the measurement as it was sent', () => {
  const measurement = { meter: 'm1', strange: true };
  expect(failedIngestFile(failure, measurement, receivedAt)).toEqual({
    errors: [{ type: 'MissingField', message: "Field 'bytes' (MEASURE) is missing", field: 'bytes' }],
    measurement,
    receivedAt: '2024-03-05T10:00:01.120Z',
  });
  const whole = { ...failure, errors: [{ field: null, message: 'no' }] };
  expect(failedIngestFile(whole, null, receivedAt).errors).toEqual([{ type: 'MissingField', message: 'no' }]);
});

test.each([
  ['UndefinedMeter', true],
  ['MissingField', true],
  ['DuplicateField', true],
  ['InvalidAccountCode', true],
  ['InvalidMeasurement', true],
  ['DuplicateUid', false],
  ['CalculationError', false],
] as const)('%s raises an alert: %s', (type, alert) => {
  expect(raisesAlert(type)).toBe(alert);
});
