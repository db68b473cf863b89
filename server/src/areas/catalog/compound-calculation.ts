import type { CheckScope } from '../../api/resource-spec.ts';

export function namedAggregations(calculation: string): string[] {
  return [...calculation.matchAll(/aggregation\.([\p{L}_$][\p{L}_$0-9]*)/gu)].map((m) => m[1] ?? '');
}

export async function refuseUnknownNames(_scope: CheckScope, _next: object): Promise<void> {}
