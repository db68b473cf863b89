/** What is sold and measured: products, meters, aggregations. */

export { aggregation, ROUNDINGS } from './aggregation.ts';
export { compoundAggregation } from './compound-aggregation.ts';
export { availableSegments } from './compound-segments.ts';
export { customSqlValue } from './custom-sql-run.ts';
export {
  lookupRows,
  type PublishedRevisions,
  publishedRevisions,
  tablesWithRows,
  unreadTables,
} from './lookup-rows.ts';
export { lookupTable } from './lookup-table.ts';
export { lookupTableItemOperations } from './lookup-table-item-operations.ts';
export { lookupTableJobOperations } from './lookup-table-job-operations.ts';
export { lookupTableRevisionOperations } from './lookup-table-revision-operations.ts';
export { meter } from './meter.ts';
export { meterGroup } from './meter-group.ts';
export { product } from './product.ts';
export { runLookupTableJob } from './run-lookup-table-job.ts';
