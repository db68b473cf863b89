import { checkExpression, type Scope } from '../../engine/expression/check.ts';
import { type Evaluation, evaluate } from '../../engine/expression/evaluate.ts';
import { parseExpression } from '../../engine/expression/parse.ts';
import { type Expression, type ExpressionError, errorAt, type Path } from '../../engine/expression/syntax.ts';
import type { Operand, Value } from '../../engine/expression/values.ts';
import { nodesOf } from '../../engine/expression/walk.ts';
import { isDecimal } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
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
  const error = checkExpression(parsed.root, scopeOf(fields)) ?? misusedList(parsed.root, fields);
  return error?.message ?? null;
}

/** A list is compared with null or searched by IN, and no value for anything else (spec 60 §3.3). */
function misusedList(root: Expression, fields: EventFields): ExpressionError | null {
  const nodes = nodesOf(root);
  const fitting = new Set(nodes.flatMap(placesOfLists));
  const misused = nodes.find((node) => isList(node, fields) && !fitting.has(node));
  if (misused?.kind !== 'path') return null;
  const name = misused.path.join('.');
  return errorAt(misused.position, `the list ${name} can only be compared with null or be the last of IN`);
}

function isList(node: Expression, fields: EventFields): boolean {
  return node.kind === 'path' && typeOfPath(fields, node.path) === 'array';
}

function placesOfLists(node: Expression): readonly (Expression | undefined)[] {
  if (node.kind === 'in') return [node.list.at(-1)];
  if (node.kind === 'call' && node.name === 'IN') return [node.args.at(-1)];
  if (node.kind !== 'binary' || !['==', '!='].includes(node.operator)) return [];
  const { left, right } = node;
  return [isNull(right) ? left : undefined, isNull(left) ? right : undefined];
}

function isNull(node: Expression): boolean {
  return node.kind === 'constant' && node.value === null;
}

/** As `notificationCalculationError`; a calculation that can never be true or false is refused too (§3.4). */
export function notificationTestError(calculation: string, fields: EventFields): string | null {
  const error = notificationCalculationError(calculation, fields);
  if (error !== null) return error;
  const parsed = parseExpression(calculation);
  const isCondition = parsed.kind !== 'error' && canBeBoolean(parsed.root, fields);
  return isCondition ? null : 'The result is neither true nor false';
}

function scopeOf(fields: EventFields): Scope {
  const refusal = (path: readonly string[]) =>
    typeOfPath(fields, path) === null ? `unknown field ${path.join('.')}` : null;
  return { refusal, allowsLookups: false, allowsNow: true };
}

/** The type of a field, or `any` for a member of a map; null for no field. */
function typeOfPath(fields: EventFields, path: readonly string[]): EventFieldType | 'any' | null {
  const type = fields.get(path.join('.'));
  if (type !== undefined) return type;
  return fields.get(path.slice(0, -1).join('.')) === 'map' ? 'any' : null;
}

function canBeBoolean(node: Expression, fields: EventFields): boolean {
  switch (node.kind) {
    case 'constant':
    case 'in':
      return true;
    case 'path':
      return isBooleanPath(node, fields);
    case 'binary':
      return !['+', '-', '*', '/', '%', '^'].includes(node.operator);
    case 'cast':
      return node.type === 'boolean';
    case 'condition':
      return canBeBoolean(node.yes, fields) || canBeBoolean(node.no, fields);
    case 'call':
      if (node.name === 'isnull') return node.args.some((arg) => canBeBoolean(arg, fields));
      return node.name === 'IN' || node.name === 'boolean';
    default:
      return false;
  }
}

function isBooleanPath({ path }: Path, fields: EventFields): boolean {
  const type = typeOfPath(fields, path);
  return type === 'boolean' || type === 'any';
}

/**
 * Whether the calculation holds on an event; `payload` is its `eventData`. Null counts as false. The error is
 * why it has no value there, such as a text where a number is needed (spec 60 §3.2).
 */
export function notificationVerdict(calculation: string, payload: Row, now: Instant): Evaluation {
  const parsed = parseExpression(calculation);
  if (parsed.kind === 'error') return parsed;
  const [yes, no] = [true, false].map((value) => ({ kind: 'constant', value, position: 0 }) as const);
  const root = { kind: 'condition', test: parsed.root, yes, no, position: 0 } as Expression;
  return evaluate(root, {
    value: (path) => valueAt(payload, path),
    lookups: null,
    dataField: null,
    now,
  });
}

const PARTS: Readonly<Record<string, string>> = { new: 'newDto', old: 'oldDto' };

/** What a name stands for: null where the event lacks it. Bare attributes also answer to `new.`. */
function valueAt(payload: Row, [first = '', ...rest]: readonly string[]): Operand {
  const part = PARTS[first];
  if (part === undefined) return operandOf(memberAt(payload, [first, ...rest]));
  const isEntity = 'newDto' in payload || 'oldDto' in payload;
  const from = isEntity ? payload[part] : first === 'new' ? payload : null;
  return operandOf(memberAt(from, rest));
}

function memberAt(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const name of path) {
    const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    value = holds ? (value as Row)[name] : null;
  }
  return value;
}

/** Maps are like lists: only their being there can be asked for (spec 60 §3.3). */
function operandOf(value: unknown): Operand {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.filter(isSingle);
  return isSingle(value) ? value : [];
}

function isSingle(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'boolean' || isDecimal(value);
}
