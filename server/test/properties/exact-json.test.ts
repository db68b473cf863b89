import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimal } from '../../src/kernel/decimal.ts';
import { readExact, writeExact } from '../../src/kernel/exact-json.ts';
import { Temporal } from '../../src/kernel/time.ts';

/** What facts are made of, at any depth. */
const { value: facts } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.string().map((text) => `~${text}`),
    fc.bigInt().map((digits) => decimal(`${digits}e-7`)),
    fc.date({ noInvalidDate: true }).map((date) => Temporal.Instant.fromEpochMilliseconds(date.getTime())),
    fc.nat(40_000).map((days) => Temporal.PlainDate.from('1970-01-01').add({ days })),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }).map((row) => new Map(Object.entries(row))),
  ),
}));

test('facts are read as they were written, and equal facts have equal text', () => {
  fc.assert(
    fc.property(facts, (value) => {
      const text = writeExact(value);
      expect(writeExact(readExact(text))).toBe(text);
      expect(readExact(text)).toEqual(value);
    }),
  );
});
