/** Measurements: accepted, enriched, stored, queried and aggregated. */
export { aggregateUsage } from './aggregate.ts';
export { startMeasurementPump } from './measurement-pump.ts';
export { queryUsage } from './query-usage.ts';
export { submitMeasurements } from './submit-measurements.ts';
