/** Measurements: accepted, enriched, stored, queried and aggregated. */
export { aggregateUsage } from './aggregate.ts';
export { awaitMeasurementUpload } from './await-measurement-upload.ts';
export { explorerOperations, removeExplorerFile } from './explorer-operations.ts';
export { downloadFailedIngest, failedIngestDownloadUrl } from './failed-ingest-download.ts';
export { listFailedIngest, resubmitFailedIngest } from './failed-ingest-operations.ts';
export { latestArrivals } from './latest-arrivals.ts';
export { startMeasurementPump } from './measurement-pump.ts';
export { measurementUploadOperations } from './measurement-upload-operations.ts';
export { PURGE_INGEST_DAILY, purgeIngest } from './purge-ingest.ts';
export {
  type CheckedUsageQuery,
  checkedUsageQuery,
  type UsageQueryBody,
  usageQueryBody,
} from './query-request.ts';
export { queryUsage } from './query-usage.ts';
export { readMeasurementUpload } from './read-measurement-upload.ts';
export { usageSavedQuery } from './saved-query.ts';
export {
  type SourceMeasurement,
  type SourcePosition,
  sourceMeasurements,
  sourcesSql,
} from './source-measurements.ts';
export { storedUntil } from './stored-until.ts';
export { submitMeasurements } from './submit-measurements.ts';
export {
  type BreakdownRow,
  type FigureMethod,
  type UsageBreakdown,
  type UsageInput,
  usageBreakdown,
} from './usage-breakdown.ts';
export { type GroupedUsage, groupedUsagePages, type RawUsage, rawUsagePages } from './usage-pages.ts';
