import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSubmission } from '../../src/engine/metering/check-submission.ts';
import { closeCode } from '../../src/engine/metering/close-code.ts';
import { compiledMeter } from '../../src/engine/metering/compiled-meter.ts';
import type { EnrichmentSnapshot, SubmittedBatch } from '../../src/engine/metering/enrichment.ts';
import { segmentOf, segmentOrder } from '../../src/engine/metering/segment-match.ts';
import { newId } from '../../src/kernel/ids.ts';
import { parseJson, writeJson } from '../../src/kernel/json.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { type Enriched, enrichment } from '../support/enrichment.ts';

const now = Temporal.Instant.from('2024-06-01T00:00:00Z');

const meter = compiledMeter({
  id: 'meter-1',
  code: 'm1',
  productId: null,
  dataFields: [
    { code: 'n', category: 'MEASURE' },
    { code: 'd', category: 'MEASURE' },
    { code: 'user', category: 'WHO' },
  ],
  derivedFields: [{ code: 'q', category: 'MEASURE', calculation: 'n / d' }],
  customFields: {},
  productCustomFields: {},
});

const known = { id: 'id of acme', code: 'acme', customFields: {} };
const empty: EnrichmentSnapshot = {
  meters: new Map([['m1', meter]]),
  accounts: new Map([['acme', known]]),
  closelyMatching: new Map([['ACME', 'acme']]),
  takenUids: new Set(),
  customFields: { defaults: {}, organization: {} },
  lookupTables: new Map(),
};

const measurement = fc.record(
  {
    account: fc.constantFrom('acme', 'ACME', 'zed', 'Zed', 'yak'),
    meter: fc.constantFrom('m1', 'm1', 'm1', 'm2'),
    ts: fc.constant('2024-03-05T10:00:00Z'),
    uid: fc.constantFrom('a', 'b', 'c', 'd', null),
    measure: fc.record({ n: fc.integer(), d: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: ['d'] }),
    who: fc.record({ user: fc.constantFrom('x', 'y', '', null) }),
    cost: fc.record({ n: fc.nat() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['account', 'meter', 'ts', 'measure', 'who'] },
);

const batches = fc.array(fc.array(measurement, { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 3,
});

function submitted(measurements: readonly unknown[]): SubmittedBatch {
  const check = checkSubmission({ measurements }, now);
  if (check.kind === 'refused') throw new Error(JSON.stringify(check.errors));
  const positions = check.measurements.map((_, position) => position);
  return { id: newId(), receivedAt: now, measurements: check.measurements, positions };
}

/** What the shell does: creates the accounts that are asked for and calls again, with what is known then. */
function completed(sent: SubmittedBatch[], snapshot: EnrichmentSnapshot): EnrichmentSnapshot {
  const first = enrichment(sent, snapshot);
  if (first.kind === 'enriched') return snapshot;
  const accounts = new Map(snapshot.accounts);
  const closelyMatching = new Map(snapshot.closelyMatching);
  for (const code of first.accountsToCreate) {
    accounts.set(code, { id: `id of ${code}`, code, customFields: {} });
    for (const other of ['zed', 'Zed']) {
      if (closeCode(other) === closeCode(code) && other !== code) closelyMatching.set(other, code);
    }
  }
  return { ...snapshot, accounts, closelyMatching };
}

function enriched(sent: SubmittedBatch[], snapshot: EnrichmentSnapshot): Enriched {
  const result = enrichment(sent, completed(sent, snapshot));
  if (result.kind !== 'enriched') throw new Error('two calls are enough');
  return result;
}

test('enriched twice, every measurement is stored once', () => {
  fc.assert(
    fc.property(batches, (bodies) => {
      const sent = bodies.map(submitted);
      const first = enriched(sent, empty);
      const after = completed(sent, empty);
      expect(enriched(sent, after)).toEqual(first);
      const takenUids = new Set(first.stored.flatMap(({ uid }) => uid ?? []));
      const again = enriched(sent, { ...after, takenUids });
      expect(again.stored.filter(({ uid }) => uid !== null)).toEqual([]);
    }),
  );
});

test('every measurement is either stored or rejected, and no uid is stored twice', () => {
  fc.assert(
    fc.property(batches, (bodies) => {
      const { stored, rejected, calculationErrors } = enriched(bodies.map(submitted), empty);
      const places = [...stored, ...rejected].map(({ batch, position }) => `${batch}:${position}`).sort();
      const all = bodies.flatMap((body, batch) => body.map((_, position) => `${batch}:${position}`)).sort();
      expect(places).toEqual(all);
      const uids = stored.flatMap(({ uid }) => uid ?? []);
      expect(new Set(uids).size).toBe(uids.length);
      expect(calculationErrors).toHaveLength(stored.filter((one) => one.failedFields.length > 0).length);
    }),
  );
});

test('both ways of reading numbers accept the same and mean the same', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.integer().map((n) => n / 1000),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
      const measurements = values.map((n) => ({
        account: 'acme',
        meter: 'm1',
        ts: '2024-03-05T10:00:00Z',
        measure: { n, d: 1 },
        who: { user: 'x' },
      }));
      const text = JSON.stringify({ measurements });
      const readings = [JSON.parse(text), parseJson(text)].map((body) => {
        return enriched([submitted(body.measurements)], empty).stored.map((one) => writeJson(one.numbers));
      });
      expect(readings[0]).toEqual(readings[1]);
    }),
  );
});

const code = fc.constantFrom('x', 'y', '*');
const segments = fc.uniqueArray(fc.record({ a: code, b: code, c: code }), {
  selector: (s) => `${s.a}${s.b}${s.c}`,
});
const values = fc.record({
  a: fc.constantFrom('x', 'y', 'z'),
  b: fc.constantFrom('x', 'y', 'z'),
  c: fc.constantFrom('x', 'y', 'z'),
});

test('the segment of a measurement is the first that matches in order of precedence', () => {
  fc.assert(
    fc.property(segments, values, (list, value) => {
      const fields = ['a', 'b', 'c'];
      const definition = { segmentedFields: fields, segments: list };
      const texts = new Map(Object.entries(value));
      const first = segmentOrder(fields, list).find((segment) =>
        fields.every((field) => segment[field] === '*' || segment[field] === texts.get(field)),
      );
      expect(segmentOf(definition, texts)).toEqual(first ?? null);
    }),
  );
});
