/** What usage costs: plan templates, plans and their groups, prices of metrics and of counters. */
export { refuseClash } from './attachment-clash.ts';
export { counter } from './counter.ts';
export { counterPricing } from './counter-pricing.ts';
export { plan } from './plan.ts';
export { planGroup } from './plan-group.ts';
export { planGroupLink } from './plan-group-link.ts';
export { BILL_FREQUENCIES, planTemplate } from './plan-template.ts';
export { PRICING_TYPES, pricing } from './pricing.ts';
export { pricingBandRows } from './pricing-band-rows.ts';
export type { PricingBand } from './pricing-bands.ts';
