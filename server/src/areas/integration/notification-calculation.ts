import { checkExpression, type Scope } from '../../engine/expression/check.ts';
import { parseExpression } from '../../engine/expression/parse.ts';
import type { EventFieldType } from './event-fields.ts';

/** The fields of an event, by their full names such as `new.status`. */
type EventFields = ReadonlyMap<string, EventFieldType>;

/**
 * Why a calculation cannot be a rule about events with these fields; null when it can (spec 60 §3.1, §3.3).
 * Maps have members of any name, which are null where an event lacks them.
 */
export function notificationCalculationError(calculation: string, fields: EventFields): string | null {
  const parsed = parseExpression(calculation);
  if (parsed.kind === 'error') return parsed.message;
  return checkExpression(parsed.root, scopeOf(fields))?.message ?? null;
}

function scopeOf(fields: EventFields): Scope {
  const refusal = (path: readonly string[]) =>
    isField(fields, path) ? null : `unknown field ${path.join('.')}`;
  return { refusal, allowsLookups: false, allowsNow: true };
}

function isField(fields: EventFields, path: readonly string[]): boolean {
  return fields.has(path.join('.')) || fields.get(path.slice(0, -1).join('.')) === 'map';
}
