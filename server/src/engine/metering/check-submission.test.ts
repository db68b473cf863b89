import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { parseJson } from '../../kernel/json.ts';
import { Temporal } from '../../kernel/time.ts';
import { acceptedMeasurements, checkRow, checkSubmission } from './check-submission.ts';

const now = Temporal.Instant.from('2024-06-01T00:00:00Z');
const good = { account: 'acme', meter: 'm1', ts: '2024-03-05T10:00:00Z' };

describe('a submission', () => {
  test('gives its measurements as they were sent', () => {
    const sent = {
      ...good,
      uid: 'u-1',
      ets: '2024-03-05T11:00:00Z',
      measure: { bytes: 5 },
      who: { user: 'x' },
    };
    const check = checkSubmission({ measurements: [sent] }, now);
    expect(check).toEqual({
      kind: 'accepted',
      measurements: [
        {
          uid: 'u-1',
          meter: 'm1',
          account: 'acme',
          tsMs: 1_709_632_800_000,
          etsMs: 1_709_636_400_000,
          who: { user: 'x' },
          what: null,
          where: null,
          other: null,
          metadata: null,
          measure: { bytes: 5 },
          cost: null,
          income: null,
        },
      ],
    });
  });

  test('is the same through the exact parser as through the fast one', () => {
    const text = JSON.stringify({ measurements: [{ ...good, measure: { bytes: 5.25, bits: -40 } }] });
    const fast = checkSubmission(JSON.parse(text), now);
    const exact = checkSubmission(parseJson(text), now);
    expect(fast.kind).toBe('accepted');
    expect(exact.kind === 'accepted' && exact.measurements[0]?.measure?.['bytes']).toEqual(decimal('5.25'));
  });

  test('keeps every digit of long numbers', () => {
    const text =
      '{"measurements":[{"account":"a","meter":"m","ts":"20240101T00Z","cost":{"c":0.1234567890123456789}}]}';
    const check = checkSubmission(parseJson(text), now);
    expect(check.kind === 'accepted' && String(check.measurements[0]?.cost?.['c'])).toBe(
      '0.1234567890123456789',
    );
  });

  test.each([0, 1001])('of %d measurements is refused', (count) => {
    const measurements = Array.from({ length: count }, () => good);
    expect(fieldsOf({ measurements })).toEqual(['measurements']);
  });

  test('of 1000 measurements is accepted', () => {
    const measurements = Array.from({ length: 1000 }, () => good);
    expect(checkSubmission({ measurements }, now).kind).toBe('accepted');
  });

  test.each([
    [null, 'body'],
    [[], 'body'],
    [decimal(1), 'body'],
    [{}, 'measurements'],
    [{ measurements: good }, 'measurements'],
    [{ measurements: [good, 'text'] }, 'measurements[1]'],
    [{ measurements: [decimal(5)] }, 'measurements[0]'],
  ])('of the shape %j is refused', (body, field) => {
    expect(fieldsOf(body)).toEqual([field]);
  });

  test('reports at most 100 errors, in the order of the measurements', () => {
    const measurements = Array.from({ length: 60 }, () => ({ ...good, account: '', meter: ' x' }));
    const fields = fieldsOf({ measurements });
    expect(fields).toHaveLength(100);
    expect(fields.slice(0, 3)).toEqual([
      'measurements[0].account',
      'measurements[0].meter',
      'measurements[1].account',
    ]);
  });
});

describe('an accepted submission is read again as it was checked', () => {
  test.each<[string, object]>([
    ['the least', {}],
    ['an empty uid', { uid: '', ets: '', measure: null }],
    ['an end that cannot be stored', { ets: '9999-12-31T00:00:00Z', uid: 'u' }],
    ['a leap second', { ts: '2016-12-31T23:59:60Z', where: { region: 'eu', zone: null } }],
    ['all categories', { who: { a: '' }, what: {}, other: {}, metadata: { m: 'x' }, cost: {}, income: {} }],
    ['short and long numbers', { measure: { n: -1.5, d: decimal('0.1234567890123456789') } }],
    ['what nobody looks at', { more: 1 }],
  ])('%s', (_, fields) => {
    const body = { measurements: [good, { ...good, ...fields }] };
    const check = checkSubmission(body, now);
    expect(check).toEqual({ kind: 'accepted', measurements: acceptedMeasurements(body) });
  });
});

describe('a measurement', () => {
  test.each([
    ['no account', { account: undefined }, 'account'],
    ['an account of 81 characters', { account: 'x'.repeat(81) }, 'account'],
    ['an account with a space at its end', { account: 'acme ' }, 'account'],
    ['a meter with a tab', { meter: 'a\tb' }, 'meter'],
    ['a number as meter', { meter: 5 }, 'meter'],
    ['half a surrogate pair as meter', { meter: 'a\ud83d' }, 'meter'],
    ['no ts', { ts: null }, 'ts'],
    ['a date without a time', { ts: '2024-03-05' }, 'ts'],
    ['a number as ts', { ts: 1_709_632_800_000 }, 'ts'],
    ['a ts of more than a minute ahead', { ts: '2024-06-01T00:01:00.001Z' }, 'ts'],
    ['a ts before 1900', { ts: '1899-12-31T23:59:59.999Z' }, 'ts'],
    ['an ets before ts', { ets: '2024-03-05T09:59:59.999Z' }, 'ets'],
    ['an ets that is no moment', { ets: 'soon' }, 'ets'],
    ['a uid of 51 characters', { uid: 'x'.repeat(51) }, 'uid'],
    ['a number as uid', { uid: 5 }, 'uid'],
    ['a NUL in the uid', { uid: 'a\0b' }, 'uid'],
    ['text in measure', { measure: { bytes: 'five' } }, 'measure.bytes'],
    ['true in cost', { cost: { eur: true } }, 'cost.eur'],
    ['an infinite number', { income: { eur: Number.POSITIVE_INFINITY } }, 'income.eur'],
    ['a number that cannot be stored', { income: { eur: 1e36 } }, 'income.eur'],
    ['a Decimal that cannot be stored', { income: { eur: decimal('-1e36') } }, 'income.eur'],
    ['a list as measure', { measure: [5] }, 'measure'],
    ['a Decimal as measure', { measure: decimal(5) }, 'measure'],
    ['a number in who', { who: { user: 5 } }, 'who.user'],
    ['a Decimal in what', { what: { item: decimal(5) } }, 'what.item'],
    ['a text as where', { where: 'here' }, 'where'],
    ['a metadata value of 257 characters', { metadata: { trace: 'x'.repeat(257) } }, 'metadata.trace'],
    ['a NUL in a value', { other: { note: '\0' } }, 'other.note'],
    ['half a surrogate pair in a value', { other: { note: '\udc00' } }, 'other.note'],
    ['half a surrogate pair in a field code', { other: { '\ud800': 'x' } }, 'other.\ud800'],
  ])('with %s is refused', (_, change, field) => {
    expect(fieldsOf({ measurements: [good, { ...good, ...change }] })).toEqual([`measurements[1].${field}`]);
  });

  test.each([
    ['a code of 80 characters', { account: 'ä'.repeat(80) }],
    ['a space inside a code', { meter: 'api calls' }],
    ['80 characters of two halves each', { account: '😀'.repeat(80) }],
    ['a ts up to a minute ahead', { ts: '2024-06-01T00:01:00Z' }],
    ['an ets in the future', { ets: '2025-01-01T00:00:00Z' }],
    ['a ts of 1900', { ts: '1900-01-01T00:00:00Z' }],
    ['an ets equal to ts', { ets: good.ts }],
    ['an unknown property', { colour: { red: [1] } }],
    ['null values', { measure: { bytes: null }, who: { user: null }, what: null, ets: null }],
    ['an empty text as value', { who: { user: '' } }],
    ['a metadata value of 256 characters', { metadata: { trace: '😀'.repeat(256) } }],
    ['a long other text', { other: { note: 'x'.repeat(5000) } }],
    ['a negative number', { measure: { bytes: -1e35 } }],
  ])('with %s is accepted', (_, change) => {
    expect(fieldsOf({ measurements: [{ ...good, ...change }] })).toEqual([]);
  });

  test.each([undefined, null, ''])('with the uid %j has none', (uid) => {
    const check = checkSubmission({ measurements: [{ ...good, uid }] }, now);
    expect(check.kind === 'accepted' && check.measurements[0]?.uid).toBeNull();
  });

  test.each([
    ['2299-12-31T23:59:59.999Z', '2299-12-31T23:59:59.999Z'],
    ['9999-12-31T23:59:59Z', '2299-12-31T23:59:59.999Z'],
    ['+012024-03-05T10:00:00Z', '2299-12-31T23:59:59.999Z'],
  ])('with the ets %s ends %s', (ets, end) => {
    const check = checkSubmission({ measurements: [{ ...good, ets }] }, now);
    const ms = check.kind === 'accepted' ? check.measurements[0]?.etsMs : null;
    expect(ms).toBe(Temporal.Instant.from(end).epochMilliseconds);
  });

  test('of before 1900 is told from a text that is no moment', () => {
    const messageOf = (ts: string) => {
      const check = checkSubmission({ measurements: [{ ...good, ts }] }, now);
      return check.kind === 'refused' && check.errors[0]?.message;
    };
    expect(messageOf('1899-12-31T00:00:00Z')).toBe('must not be earlier than 1900-01-01T00:00:00Z');
    expect(messageOf('2400-01-01T00:00:00Z')).toBe('must not lie in the future');
  });

  test('reports everything that is wrong with it', () => {
    const bad = { account: 'a', meter: '', ts: 'x', measure: { a: 'x', b: 1, c: false } };
    expect(fieldsOf({ measurements: [bad] })).toEqual([
      'measurements[0].meter',
      'measurements[0].ts',
      'measurements[0].measure.a',
      'measurements[0].measure.c',
    ]);
  });
});

describe('a row of a file', () => {
  test('is read like a measurement', () => {
    const check = checkRow(good, now);
    expect(check.kind === 'valid' && check.measurement.account).toBe('acme');
  });

  test.each([
    [{ ...good, ts: undefined }, 'MissingField', ['ts']],
    [{}, 'MissingField', ['account', 'meter', 'ts']],
    [{ ...good, ts: 'x' }, 'InvalidMeasurement', ['ts']],
    [{ ...good, meter: null, measure: { a: 'x' } }, 'InvalidMeasurement', ['meter', 'measure.a']],
    ['text', 'InvalidMeasurement', ['']],
  ])('%j fails as %s', (row, type, fields) => {
    const check = checkRow(row, now);
    expect(check.kind === 'refused' && check.type).toBe(type);
    expect(check.kind === 'refused' && check.errors.map((error) => error.field)).toEqual(fields);
  });
});

function fieldsOf(body: unknown): string[] {
  const check = checkSubmission(body, now);
  return check.kind === 'refused' ? check.errors.map((error) => error.field) : [];
}
