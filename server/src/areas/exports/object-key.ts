import type { Instant } from '../../kernel/time.ts';

type Place = {
  readonly orgId: string;
  readonly prefix: string | null;
  readonly partitionOrder: 'TIME_FIRST' | 'TYPE_FIRST';
  /** When the job started. */
  readonly start: Instant;
  /** The type of the rows, such as `measurements` or `plantemplate`. */
  readonly type: string;
  readonly fileName: string;
};

/**
 * Where a file lies in a bucket (spec 60 §8.1), partitions named as query engines read them:
 * `exports/orgId=…/date=2024-06-12/hour=09/type=account/<job>_account.csv.gz`, in UTC.
 */
export function objectKey({ orgId, prefix, partitionOrder, start, type, fileName }: Place): string {
  const moment = start.toZonedDateTimeISO('UTC');
  const time = [`date=${moment.toPlainDate()}`, `hour=${String(moment.hour).padStart(2, '0')}`];
  const partitions = partitionOrder === 'TYPE_FIRST' ? [`type=${type}`, ...time] : [...time, `type=${type}`];
  const root = (prefix ?? '').replace(/^\/+|\/+$/g, '');
  return [root, `orgId=${orgId}`, ...partitions, fileName].filter(Boolean).join('/');
}
