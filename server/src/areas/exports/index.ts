/** What leaves in bulk: destinations, schedules and jobs of data exports. */
export { exportDestination } from './export-destination.ts';
export { exportDownloadUrl } from './export-download.ts';
export { exportJob } from './export-job.ts';
export { exportSchedule } from './export-schedule.ts';
export { PURGE_EXPORTS_DAILY, purgeExports } from './purge-exports.ts';
export { runExportJob } from './run-export-job.ts';
export { START_DUE_EXPORTS, startDueExports } from './start-due-exports.ts';
export { triggerExport } from './trigger-export.ts';
