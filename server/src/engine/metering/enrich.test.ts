import { describe, expect, test } from 'vitest';
import { done, type EnrichedOrNeeds, enrichment } from '../../../test/support/enrichment.ts';
import { decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { lookupRowKey } from '../expression/lookups.ts';
import { checkSubmission } from './check-submission.ts';
import { compiledMeter } from './compiled-meter.ts';
import type { EnrichmentSnapshot, SubmittedBatch } from './enrichment.ts';
import type { Category, DerivedField, MeterDefinition } from './fields.ts';

const receivedAt = Temporal.Instant.from('2024-03-05T10:00:01.120Z');
const ts = '2024-03-05T10:00:00Z';

type MeterParts = { dataFields: Record<string, Category>; derived?: DerivedField[]; productId?: string };

function meter({ dataFields, derived = [], productId }: MeterParts): MeterDefinition {
  return compiledMeter({
    id: 'meter-1',
    code: 'm1',
    productId: productId ?? null,
    dataFields: Object.entries(dataFields).map(([code, category]) => ({ code, category })),
    derivedFields: derived,
    customFields: { factor: decimal(3) },
    productCustomFields: {},
  });
}

function derivedField(code: string, calculation: string, category: Category = 'MEASURE'): DerivedField {
  return { code, category, calculation };
}

const acme = { id: 'account-acme', code: 'acme', customFields: {} };

function snapshotOf(
  definition: MeterDefinition,
  change: Partial<EnrichmentSnapshot> = {},
): EnrichmentSnapshot {
  return {
    meters: new Map([[definition.code, definition]]),
    accounts: new Map([['acme', acme]]),
    closelyMatching: new Map(),
    takenUids: new Set(),
    customFields: { defaults: {}, organization: {} },
    lookupTables: new Map(),
    ...change,
  };
}

const BATCH = '01900000-0000-7000-8000-00000000000f';

/** One batch of measurements of meter m1 and account acme, unless they say otherwise. */
function batchOf(...measurements: Record<string, unknown>[]): SubmittedBatch {
  const body = {
    measurements: measurements.map((parts) => ({ meter: 'm1', account: 'acme', ts, ...parts })),
  };
  const check = checkSubmission(body, receivedAt);
  if (check.kind === 'refused') throw new Error(JSON.stringify(check.errors));
  const positions = check.measurements.map((_, position) => position);
  return { id: BATCH, receivedAt, measurements: check.measurements, positions };
}

function fate(result: EnrichedOrNeeds): string[] {
  const { stored, rejected } = done(result);
  return [
    ...stored.map((one) => [one.position, 'stored', ...valuesOf(one)].join(' ')),
    ...rejected.map((one) => `${one.position} ${one.type}`),
  ].sort();
}

function valuesOf(one: { numbers: readonly unknown[]; texts: readonly unknown[] }): string[] {
  return [...one.numbers, ...one.texts].map((value) => (value as unknown[]).map(String).join('='));
}

describe('the request of spec 20 §19.1', () => {
  const definition = meter({
    dataFields: { bytes: 'MEASURE', user: 'WHO', chunk: 'MEASURE' },
    derived: [derivedField('kb', 'bytes / chunk')],
  });
  const batch = batchOf(
    { uid: 'a', measure: { bytes: 2000, chunk: 1000 }, who: { user: 'x' } },
    { uid: 'a', measure: { bytes: 9000, chunk: 1000 }, who: { user: 'y' } },
    { uid: 'b', measure: { bytes: 10, chunk: 1 } },
    { uid: 'c', measure: { bytes: 10, chunk: 0 }, who: { user: 'x' } },
    { uid: 'd', account: 'ACME', measure: { bytes: 1, chunk: 1 }, who: { user: 'x' } },
    { uid: 'e', account: 'Zed', measure: { bytes: 1, chunk: 1 }, who: { user: 'x' } },
  );
  const first = snapshotOf(definition, { closelyMatching: new Map([['ACME', 'acme']]) });
  const zed = { id: 'account-zed', code: 'Zed', customFields: {} };
  const second = { ...first, accounts: new Map([...first.accounts, ['Zed', zed]]) };

  test('first asks for the account that has to be created', () => {
    expect(enrichment([batch], first)).toEqual({ kind: 'needs', accountsToCreate: ['Zed'], lookups: [] });
  });

  test('then has the documented outcome', () => {
    expect(fate(enrichment([batch], second))).toEqual([
      '0 stored bytes=2000 chunk=1000 kb=2 user=x',
      '1 DuplicateUid',
      '2 MissingField',
      '3 stored bytes=10 chunk=0 user=x',
      '4 InvalidAccountCode',
      '5 stored bytes=1 chunk=1 kb=1 user=x',
    ]);
  });

  test('tells what failed', () => {
    const { rejected, calculationErrors, stored } = done(enrichment([batch], second));
    expect(rejected.map((one) => one.message)).toEqual([
      "The uid 'a' has been used before",
      "Field 'user' (WHO) is missing",
      "There is no account 'ACME', but one with the code 'acme'",
    ]);
    expect(calculationErrors).toEqual([
      {
        type: 'CalculationError',
        batch: 0,
        position: 3,
        message: "Field 'kb': division by zero at character 7",
        errors: [{ field: 'kb', message: "Field 'kb': division by zero at character 7" }],
        uid: 'c',
        meterCode: 'm1',
        accountCode: 'acme',
        accountId: 'account-acme',
        tsMs: Temporal.Instant.from(ts).epochMilliseconds,
      },
    ]);
    expect(stored[1]?.failedFields).toEqual(['kb']);
    expect(stored.map((one) => one.accountId)).toEqual(['account-acme', 'account-acme', 'account-zed']);
  });
});

describe('the failures', () => {
  const definition = meter({ dataFields: { bytes: 'MEASURE', user: 'WHO' } });
  const good = { measure: { bytes: 1 }, who: { user: 'x' } };

  test.each([
    ['UndefinedMeter', { ...good, meter: 'm2' }, "There is no meter with the code 'm2'", []],
    [
      'MissingField',
      {},
      "Field 'bytes' (MEASURE) is missing; Field 'user' (WHO) is missing",
      ['bytes', 'user'],
    ],
    ['MissingField', { ...good, measure: { bytes: null } }, "Field 'bytes' (MEASURE) is missing", ['bytes']],
    [
      'MissingField',
      { ...good, measure: {}, cost: { bytes: 1 } },
      "Field 'bytes' (MEASURE) is missing",
      ['bytes'],
    ],
    [
      'DuplicateField',
      { ...good, cost: { bytes: 1 } },
      "Field 'bytes' appears under MEASURE and COST",
      ['bytes'],
    ],
    [
      'DuplicateField',
      { ...good, what: { z: 'a' }, other: { z: 'a' } },
      "Field 'z' appears under WHAT and OTHER",
      ['z'],
    ],
    ['DuplicateUid', { ...good, uid: 'taken' }, "The uid 'taken' has been used before", []],
    [
      'InvalidAccountCode',
      { ...good, account: 'ACME' },
      "There is no account 'ACME', but one with the code 'acme'",
      [],
    ],
  ])('%s: %j', (type, sent, message, fields) => {
    const snapshot = snapshotOf(definition, {
      takenUids: new Set(['taken']),
      closelyMatching: new Map([['ACME', 'acme']]),
    });
    const { stored, rejected } = done(enrichment([batchOf(sent)], snapshot));
    expect(stored).toEqual([]);
    expect(rejected.map((one) => [one.type, one.message])).toEqual([[type, message]]);
    expect(rejected[0]?.errors.flatMap((error) => error.field ?? [])).toEqual(fields);
  });

  test('are found in the order of the specification, only the first counts', () => {
    const all = { uid: 'taken', meter: 'm2', account: 'ACME', measure: { z: 1 }, cost: { z: 1 } };
    const snapshot = snapshotOf(definition, {
      takenUids: new Set(['taken']),
      closelyMatching: new Map([['ACME', 'acme']]),
    });
    const types = [all, { ...all, uid: 'free' }, { ...all, uid: 'free', meter: 'm1' }].map((sent) =>
      typeOf(sent),
    );
    expect(types).toEqual(['DuplicateUid', 'UndefinedMeter', 'DuplicateField']);
    expect(typeOf({ account: 'ACME' })).toBe('MissingField');

    function typeOf(sent: Record<string, unknown>): string | undefined {
      return done(enrichment([batchOf(sent)], snapshot)).rejected[0]?.type;
    }
  });

  test('of one measurement do not touch the others', () => {
    expect(fate(enrichment([batchOf(good, {}, good)], snapshotOf(definition)))).toEqual([
      '0 stored bytes=1 user=x',
      '1 MissingField',
      '2 stored bytes=1 user=x',
    ]);
  });
});

describe('uids', () => {
  const definition = meter({ dataFields: { n: 'MEASURE' } });
  const sent = (uid: string | null, n: number | null) => ({ uid, measure: { n } });

  test('of rejected measurements stay free, in one batch and across batches', () => {
    const batches = [batchOf(sent('a', null), sent('a', 1)), batchOf(sent('a', 2), sent('A', 3))];
    const { stored, rejected } = done(enrichment(batches, snapshotOf(definition)));
    expect(stored.map((one) => [one.batch, one.position])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(rejected.map((one) => [one.batch, one.position, one.type])).toEqual([
      [0, 0, 'MissingField'],
      [1, 0, 'DuplicateUid'],
    ]);
  });

  test('are needed by nobody', () => {
    const { stored } = done(enrichment([batchOf(sent(null, 1), sent(null, 1))], snapshotOf(definition)));
    expect(stored.map((one) => one.uid)).toEqual([null, null]);
  });
});

describe('accounts', () => {
  const definition = meter({ dataFields: { n: 'MEASURE' } });
  const sent = (account: string, n: number | null = 1) => ({ account, measure: { n } });

  test('are created once per code, and only for measurements that would be stored', () => {
    const batch = batchOf(sent('Zed'), sent('Zed'), sent('Yak', null), sent('Xan'));
    expect(enrichment([batch], snapshotOf(definition))).toMatchObject({ accountsToCreate: ['Zed', 'Xan'] });
  });

  test('are not created beside one of nearly the same code that is about to be created', () => {
    const batch = batchOf(sent('Straße'), sent('STRASSE'), sent('Straße'));
    const first = snapshotOf(definition);
    expect(enrichment([batch], first)).toMatchObject({ accountsToCreate: ['Straße'] });
    const created = { id: 'account-new', code: 'Straße', customFields: {} };
    const second = {
      ...first,
      accounts: new Map([['Straße', created]]),
      closelyMatching: new Map([['STRASSE', 'Straße']]),
    };
    expect(fate(enrichment([batch], second))).toEqual([
      '0 stored n=1',
      '1 InvalidAccountCode',
      '2 stored n=1',
    ]);
  });
});

describe('derived fields', () => {
  const dataFields = { n: 'MEASURE', cur: 'WHAT', empty: 'OTHER' } as const;
  const sent = {
    uid: 'u1',
    measure: { n: 10 },
    what: { cur: 'GBP' },
    other: { empty: '' },
    ets: '2024-03-05T10:30:00Z',
  };

  test.each([
    ['n * 2', 'MEASURE', 'd=20'],
    ['measure.n + 1', 'COST', 'd=11'],
    ['n > 5', 'INCOME', 'd=1'],
    ['"1" + n', 'MEASURE', 'd=110'],
    ['(ets - ts) / 1000', 'MEASURE', 'd=1800'],
    ['timestamp.receivedAt - timestamp.ts', 'MEASURE', 'd=1120'],
    ['cur + "-" + n', 'WHO', 'd=GBP-10'],
    ['empty', 'OTHER', 'd='],
    ['n', 'WHAT', 'd=10'],
    ['ts', 'WHERE', 'd=2024-03-05T10:00:00.000Z'],
    ['n == 10', 'METADATA', 'd=true'],
    ['account + account.code + account.id + meter.code + uid', 'OTHER', 'd=acmeacmeaccount-acmem1u1'],
    ['customFields.meter.factor * n', 'MEASURE', 'd=30'],
    ['organization.customFields["price each"]', 'MEASURE', 'd=0.5'],
    ['n / 3', 'MEASURE', 'd=3.333333333333333333333333333333333'],
    ['null', 'MEASURE', ''],
    ['null', 'WHO', ''],
  ])('%s as %s gives %s', (calculation, category, expected) => {
    const definition = meter({ dataFields, derived: [derivedField('d', calculation, category as Category)] });
    const customFields = {
      defaults: { meter: { factor: decimal(1) }, organization: { 'price each': decimal('0.5') } },
      organization: {},
    };
    const { stored, calculationErrors } = done(
      enrichment([batchOf(sent)], snapshotOf(definition, { customFields })),
    );
    const derived = stored.flatMap(valuesOf).filter((value) => value.startsWith('d='));
    expect(derived.join()).toBe(expected);
    expect(calculationErrors).toEqual([]);
  });

  test.each([
    ['1 / 0', 'MEASURE', 'division by zero at character 3'],
    ['cur', 'MEASURE', 'the text is not a number'],
    ['ts', 'MEASURE', 'a DateTime is not a number'],
    ['10 ^ 36', 'MEASURE', 'the number is too large to be stored'],
    [`String.replace("aaaa", "a", "${'x'.repeat(65)}")`, 'METADATA', 'the text has more than 256 characters'],
    ['customFields.account.gone', 'MEASURE', '"customFields.account.gone" is unknown here at character 1'],
    ['customFields.product.x', 'MEASURE', '"customFields.product.x" is unknown here at character 1'],
    ['other_derived', 'MEASURE', '"other_derived" is unknown here at character 1'],
    ['1 +', 'MEASURE', 'the calculation cannot be read'],
  ])('%s as %s fails: %s', (calculation, category, message) => {
    const derived = [
      derivedField('other_derived', '1'),
      derivedField('d', calculation, category as Category),
    ];
    const { stored, calculationErrors } = done(
      enrichment([batchOf(sent)], snapshotOf(meter({ dataFields, derived }))),
    );
    expect(stored[0]?.failedFields).toEqual(['d']);
    expect(calculationErrors.map((one) => one.message)).toEqual([`Field 'd': ${message}`]);
  });

  test('several that fail make one failure', () => {
    const derived = [derivedField('d', '1 / 0'), derivedField('e', 'n'), derivedField('f', 'n % 0')];
    const { calculationErrors } = done(
      enrichment([batchOf(sent)], snapshotOf(meter({ dataFields, derived }))),
    );
    expect(calculationErrors.map((one) => one.errors.map((error) => error.field))).toEqual([['d', 'f']]);
  });

  test('see custom fields of the account before those of the organization level', () => {
    const derived = [derivedField('d', 'n * customFields.account.discount')];
    const customFields = { defaults: { account: { discount: decimal(1) } }, organization: {} };
    const accounts = new Map([
      ['acme', acme],
      ['bolt', { id: 'account-bolt', code: 'bolt', customFields: { discount: decimal('0.8') } }],
    ]);
    const snapshot = snapshotOf(meter({ dataFields: { n: 'MEASURE' }, derived }), { customFields, accounts });
    const batch = batchOf({ measure: { n: 50 } }, { account: 'bolt', measure: { n: 50 } });
    // 50 × 1 = 50 for acme, 50 × 0.8 = 40 for bolt (spec 20 §6.3).
    expect(fate(enrichment([batch], snapshot))).toEqual(['0 stored n=50 d=50', '1 stored n=50 d=40']);
  });

  test('ask for lookup rows before anything is stored', () => {
    const derived = [derivedField('d', 'n * Lookup.findNumber("fx", "rate", 1, "cur")')];
    const definition = meter({ dataFields, derived });
    const fields = [
      { name: 'cur', type: 'STRING' as const },
      { name: 'rate', type: 'NUMBER' as const },
    ];
    const table = { fields, keys: ['cur'], rows: new Map() };
    const batch = batchOf(sent, { ...sent, uid: 'u2', what: { cur: 'USD' } }, { ...sent, uid: 'u3' });
    const first = enrichment([batch], snapshotOf(definition, { lookupTables: new Map([['fx', table]]) }));
    const needed = [
      { table: 'fx', key: ['GBP'] },
      { table: 'fx', key: ['USD'] },
    ];
    expect(first).toEqual({ kind: 'needs', accountsToCreate: [], lookups: needed });
    const rows = new Map([
      [lookupRowKey(['GBP']), { rate: decimal('1.3') }],
      [lookupRowKey(['USD']), null],
    ]);
    const lookupTables = new Map([['fx', { ...table, rows }]]);
    const { stored } = done(enrichment([batch], snapshotOf(definition, { lookupTables })));
    // 10 × 1.3 = 13 for GBP, 10 × 1 for USD, which has no row (spec 20 §15.6).
    expect(stored.map((one) => String(one.numbers.at(-1)))).toEqual(['d,13', 'd,10', 'd,13']);
  });
});

describe('what is stored', () => {
  test('keeps fields that the meter does not declare apart, a submitted derived field among them', () => {
    const definition = meter({ dataFields: { n: 'MEASURE' }, derived: [derivedField('d', 'n + 1')] });
    const batch = batchOf({ measure: { n: 1, d: 99, extra: 5 }, who: { user: 'x', none: null } });
    const { stored } = done(enrichment([batch], snapshotOf(definition)));
    expect(stored[0]).toMatchObject({
      numbers: [
        ['n', 1],
        ['d', decimal(2)],
      ],
      texts: [],
    });
    expect(stored[0]?.undeclared).toEqual([
      { category: 'WHO', code: 'user', value: 'x' },
      { category: 'MEASURE', code: 'd', value: decimal(99) },
      { category: 'MEASURE', code: 'extra', value: decimal(5) },
    ]);
  });

  test('takes no field from what every object has', () => {
    const definition = meter({ dataFields: { n: 'MEASURE', ['constructor' as string]: 'WHO' } });
    const { rejected } = done(enrichment([batchOf({ measure: { n: 1 }, who: {} })], snapshotOf(definition)));
    expect(rejected.map((one) => one.type)).toEqual(['MissingField']);
  });

  test('has numbers of 34 decimals at most', () => {
    const definition = meter({ dataFields: { n: 'MEASURE' } });
    const batch = batchOf({ measure: { n: decimal('0.12345678901234567890123456789012345') } });
    const { stored } = done(enrichment([batch], snapshotOf(definition)));
    expect(String(stored[0]?.numbers[0]?.[1])).toBe('0.1234567890123456789012345678901234');
  });
});
