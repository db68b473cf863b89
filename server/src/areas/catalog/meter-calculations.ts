import type { CheckScope } from '../../api/resource-spec.ts';
import type { MeterFields } from './meter-field.ts';

export async function refuseBadCalculations(
  _scope: CheckScope,
  _next: MeterFields,
  _before: MeterFields | null,
): Promise<void> {}
