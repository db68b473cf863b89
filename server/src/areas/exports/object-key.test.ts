import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { objectKey } from './object-key.ts';

const FILE = {
  orgId: 'o',
  start: Temporal.Instant.from('2024-06-12T09:59:59Z'),
  type: 'account',
  fileName: 'j_account.csv.gz',
};

test.each([
  [null, 'TIME_FIRST', 'orgId=o/date=2024-06-12/hour=09/type=account/j_account.csv.gz'],
  [null, 'TYPE_FIRST', 'orgId=o/type=account/date=2024-06-12/hour=09/j_account.csv.gz'],
  ['/a/b/', 'TIME_FIRST', 'a/b/orgId=o/date=2024-06-12/hour=09/type=account/j_account.csv.gz'],
] as const)('prefix %j and %s give %s', (prefix, partitionOrder, key) => {
  expect(objectKey({ ...FILE, prefix, partitionOrder })).toBe(key);
});
