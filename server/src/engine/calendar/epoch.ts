// Spec 40 §3.3: the epoch that a billed item counts its bill dates from.
import { present } from '../../kernel/assert.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { Frequency } from './cycle.ts';

/** Epochs by frequency, as an organization has them all and a job may name some. */
export type EpochTable = {
  readonly dayEpoch: PlainDate | null;
  readonly weekEpoch: PlainDate | null;
  readonly monthEpoch: PlainDate | null;
  readonly yearEpoch: PlainDate | null;
};

const TABLE_FIELDS = {
  DAILY: 'dayEpoch',
  WEEKLY: 'weekEpoch',
  MONTHLY: 'monthEpoch',
  ANNUALLY: 'yearEpoch',
} as const satisfies Record<Frequency, keyof EpochTable>;

/**
 * Where epochs can be set, each list in order of precedence. The last table is the organization's: it is
 * complete.
 */
export type EpochSources = {
  readonly own: readonly (PlainDate | null)[];
  readonly tables: readonly EpochTable[];
};

/**
 * The first epoch that is set: one of the item's own, whatever the frequency, else the first table's for the
 * frequency. Plan charges: own = account plan, account; tables = job, organization. Prepayment fees: own =
 * commitment, account plan of its plan, account; tables = organization. Charge schedules: own = schedule.
 */
export function effectiveEpoch(frequency: Frequency, sources: EpochSources): PlainDate {
  const field = TABLE_FIELDS[frequency];
  const inOrder = [...sources.own, ...sources.tables.map((table) => table[field])];
  return present(
    inOrder.find((epoch) => epoch !== null),
    `organization ${field}`,
  );
}
