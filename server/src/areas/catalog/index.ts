/** What is sold and measured: products, meters, aggregations. */

export { aggregation, ROUNDINGS } from './aggregation.ts';
export { compoundAggregation } from './compound-aggregation.ts';
export { availableSegments } from './compound-segments.ts';
export { meter } from './meter.ts';
export { meterGroup } from './meter-group.ts';
export { product } from './product.ts';
