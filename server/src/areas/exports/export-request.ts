import { namedPeriod } from '../../engine/calendar/named-periods.ts';
import { present } from '../../kernel/assert.ts';
import type { Instant } from '../../kernel/time.ts';
import { type Content, usageSelection } from './export-fields.ts';
import type { ExportSchedule } from './export-schedule.ts';

/** What a job exports and where to: plain JSON, kept with the job, so that later changes do not reach it. */
export type ExportRequest = {
  readonly format: 'CSV' | 'JSONL';
  readonly destinationIds: readonly string[];
  readonly scheduleName: string | null;
  readonly source: OperationalSource | UsageSource;
};

export type OperationalSource = {
  readonly kind: 'OPERATIONAL';
  readonly types: NonNullable<Content['operationalDataTypes']>;
  /** Only what was created or changed from then on; null = everything. */
  readonly changedSince: string | null;
};

export type UsageSource = {
  readonly kind: 'USAGE';
  readonly start: string;
  readonly end: string;
  readonly selection: ReturnType<typeof usageSelection>;
};

/** The request of a run of a schedule that was due at a moment (spec 60 §8.3). */
export function requestOfSchedule(schedule: ExportSchedule, due: Instant): ExportRequest {
  const period = schedule.timePeriod && namedPeriod(schedule.timePeriod, due);
  return requestOf(schedule, { start: period?.start ?? null, end: period?.end ?? null, name: schedule.name });
}

type Terms = { readonly start: Instant | null; readonly end: Instant | null; readonly name: string | null };

/** The request for checked content; usage needs both ends of its span. */
export function requestOf(content: Content, { start, end, name }: Terms): ExportRequest {
  const source =
    content.sourceType === 'USAGE'
      ? usageSource(content, present(start, 'the start of an export'), present(end, 'its end'))
      : operationalSource(content, start);
  const { exportFileFormat: format, destinationIds } = content;
  return { format, destinationIds, scheduleName: name, source };
}

function usageSource(content: Content, start: Instant, end: Instant): UsageSource {
  return { kind: 'USAGE', start: String(start), end: String(end), selection: usageSelection(content) };
}

function operationalSource({ operationalDataTypes }: Content, start: Instant | null): OperationalSource {
  return { kind: 'OPERATIONAL', types: operationalDataTypes ?? [], changedSince: start && String(start) };
}
