/** Measurements: accepted, enriched, stored, queried and aggregated. */
export { aggregateUsage } from './aggregate.ts';
export { downloadFailedIngest, failedIngestDownloadUrl } from './failed-ingest-download.ts';
export { startMeasurementPump } from './measurement-pump.ts';
export { PURGE_INGEST_DAILY, purgeIngest } from './purge-ingest.ts';
export { queryUsage } from './query-usage.ts';
export { usageSavedQuery } from './saved-query.ts';
export { submitMeasurements } from './submit-measurements.ts';
