import { describe, expect, test } from 'vitest';
import { decimal, isDecimal } from '../../kernel/decimal.ts';
import { submissionFromText } from './submission-json.ts';

type Body = { readonly measurements: readonly [{ readonly measure: { readonly calls: unknown } }] };

function callsIn(text: string): unknown {
  return (submissionFromText(text) as Body).measurements[0].measure.calls;
}

describe('submissionFromText', () => {
  test.each([
    ['1e-0100', `0.${'0'.repeat(99)}1`],
    ['-2.5E-0003', '-0.0025'],
    ['1234567890123456', '1234567890123456'],
    [' 0.12345678901234567', '0.12345678901234567'],
    ['-\t12345678901234567890.5', null],
    ['\n\t12345678901234567890.5', '12345678901234567890.5'],
  ])('keeps all digits of %s', (literal, expected) => {
    const text = `{"measurements":[{"measure":{"calls":${literal}}}]}`;
    if (expected === null) return expect(() => submissionFromText(text)).toThrow('not valid JSON');
    const calls = callsIn(text);
    expect(isDecimal(calls)).toBe(true);
    expect(String(calls)).toBe(expected);
  });

  test.each([
    ['1e3', 1000],
    ['-2.5E-3', -0.0025],
    ['123456789012345', 123_456_789_012_345],
    ['1.2345678901234e-99', 1.2345678901234e-99],
  ])('reads %s as a number that stands for its text', (literal, expected) => {
    const calls = callsIn(`{"measurements":[{"measure":{"calls":${literal}}}]}`);
    expect(calls).toBe(expected);
    expect(decimal(Number(calls))).toEqual(decimal(literal));
  });

  test.each(['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '3e5', '20260101000000000001'])(
    'takes the fast way past the text %s',
    (uid) => {
      const text = `{"measurements":[{"uid":"${uid}","measure":{"calls":12.25}}]}`;
      expect(callsIn(text)).toBe(12.25);
    },
  );
});
