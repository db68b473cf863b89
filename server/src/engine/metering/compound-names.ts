// Spec 20 §5.5: the names in a Compound Aggregation.
import type { Scope } from '../expression/check.ts';
import {
  type CustomFieldLevels,
  type CustomFieldName,
  customFieldOf,
  customFieldRefusal,
} from '../expression/custom-field.ts';
import type { Expression } from '../expression/syntax.ts';
import { pathsOf } from '../expression/walk.ts';

/** What a name in a Compound Aggregation stands for. */
export type CompoundReference =
  | { readonly kind: 'aggregation'; readonly code: string }
  | { readonly kind: 'customField'; readonly name: CustomFieldName }
  | { readonly kind: 'billingPeriod'; readonly part: 'start' | 'end' | 'days' };

/**
 * What a path stands for: `aggregation.<code>` or a bare code, a custom field of any entity type, or the
 * start, end and days of `billingPeriod`; null for anything else. Whether such an aggregation exists is not
 * looked at.
 */
export function compoundReference(path: readonly string[]): CompoundReference | null {
  const [first = '', second = ''] = path;
  if (path.length === 1) return { kind: 'aggregation', code: first };
  const name = customFieldOf(path);
  if (name) return { kind: 'customField', name };
  if (path.length > 2) return null;
  if (first === 'aggregation') return { kind: 'aggregation', code: second };
  const isPart = second === 'start' || second === 'end' || second === 'days';
  return first === 'billingPeriod' && isPart ? { kind: 'billingPeriod', part: second } : null;
}

/** Codes of the simple Aggregations that the calculation names, each once, in the order of the text. */
export function aggregationCodesOf(root: Expression): readonly string[] {
  const references = pathsOf(root).map(compoundReference);
  return [...new Set(references.flatMap((found) => (found?.kind === 'aggregation' ? [found.code] : [])))];
}

/** The names that a Compound Aggregation may use, for `checkExpression` when it is saved. */
export function compoundScope(
  aggregationCodes: ReadonlySet<string>,
  defaults: CustomFieldLevels['defaults'],
): Scope {
  const refusal = (path: readonly string[]): string | null => {
    const reference = compoundReference(path);
    if (reference?.kind === 'customField') return customFieldRefusal(defaults, reference.name);
    if (reference?.kind === 'aggregation' && !aggregationCodes.has(reference.code)) {
      return `unknown aggregation ${JSON.stringify(reference.code)}`;
    }
    return reference === null ? `unknown name ${JSON.stringify(path.join('.'))}` : null;
  };
  return { refusal, allowsLookups: true, allowsNow: false };
}
