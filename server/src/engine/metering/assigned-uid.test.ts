import { expect, test } from 'vitest';
import { enrichment } from '../../../test/support/enrichment.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { Temporal } from '../../kernel/time.ts';
import { assignedUid } from './assigned-uid.ts';
import { checkSubmission } from './check-submission.ts';
import { compiledMeter } from './compiled-meter.ts';
import type { EnrichmentSnapshot, SubmittedBatch } from './enrichment.ts';

const BATCH = '01900000-0000-7000-8000-0000ffffffff';
const receivedAt = Temporal.Instant.from('2024-03-05T10:00:01.120Z');

test('a uid is a UUID of its batch and place', () => {
  const uids = Array.from({ length: 1000 }, (_, position) => assignedUid(BATCH, position));
  // The last digits are those of the batch, changed by the place counted from 1: all ones but the lowest.
  expect(uids.slice(0, 2)).toEqual([
    '01900000-0000-7000-8000-0000fffffffe',
    '01900000-0000-7000-8000-0000fffffffd',
  ]);
  expect(new Set([BATCH, ...uids]).size).toBe(1001);
  expect(uids.every((uid) => uuidFromText(uid) === uid)).toBe(true);
});

const snapshot: EnrichmentSnapshot = {
  meters: new Map([
    [
      'm1',
      compiledMeter({
        ...{ id: 'meter-1', code: 'm1', productId: null, customFields: {}, productCustomFields: {} },
        dataFields: [],
        derivedFields: [{ code: 'own', category: 'OTHER', calculation: 'uid' }],
      }),
    ],
  ]),
  accounts: new Map([['acme', { id: 'account-acme', code: 'acme', customFields: {} }]]),
  closelyMatching: new Map(),
  takenUids: new Set(),
  customFields: { defaults: {}, organization: {} },
  lookupTables: new Map(),
};

function seenUids(batch: SubmittedBatch) {
  const result = enrichment([batch], snapshot);
  return result.kind === 'enriched' ? result.stored.map(({ texts }) => texts[0]?.[1]) : [];
}

test('a calculation sees it, also when the beginning of the batch has been stored before', () => {
  const sent = { meter: 'm1', account: 'acme', ts: '2024-03-05T10:00:00Z' };
  const check = checkSubmission({ measurements: [sent, { ...sent, uid: 'given' }, sent] }, receivedAt);
  const measurements = check.kind === 'accepted' ? check.measurements : [];
  const batch = { id: BATCH, receivedAt, measurements, positions: [0, 1, 2] };
  const [first, third] = [assignedUid(BATCH, 0), assignedUid(BATCH, 2)];
  expect(seenUids(batch)).toEqual([first, 'given', third]);
  expect(seenUids({ ...batch, measurements: measurements.slice(2), positions: [2] })).toEqual([third]);
});
