// Spec 20 §5.6: whether everything that a calculation names exists, asked when it is saved.
import { constantOf } from './constants.ts';
import { arityOf } from './functions.ts';
import { type Call, type Expression, type ExpressionError, errorAt } from './syntax.ts';
import { nodesOf } from './walk.ts';

/** What a calculation may name in its place. */
export type Scope = {
  /** Null when the name exists, else what is wrong with it, such as `unknown name "x"`. */
  readonly refusal: (path: readonly string[]) => string | null;
  readonly allowsLookups: boolean;
  /** Whether `DateTime.now()` may be used. */
  readonly allowsNow: boolean;
};

/** The first name, function or argument count that is wrong, in the order of the text; null when none is. */
export function checkExpression(root: Expression, scope: Scope): ExpressionError | null {
  for (const node of nodesOf(root)) {
    const fault = faultOf(node, scope);
    if (fault !== null) return errorAt(node.position, fault);
  }
  return null;
}

function faultOf(node: Expression, scope: Scope): string | null {
  if (node.kind === 'path') return constantOf(node.path) === undefined ? scope.refusal(node.path) : null;
  if (node.kind === 'in') return node.list.length === 0 ? 'IN needs at least one value' : null;
  return node.kind === 'call' ? callFault(node, scope) : null;
}

function callFault(node: Call, scope: Scope): string | null {
  const { name, args } = node;
  const arity = arityOf(name);
  if (arity === null) return `unknown function "${name}"`;
  if (args.length < arity.min || args.length > arity.max)
    return `${name} takes ${countText(arity)}, not ${args.length}`;
  if (name === 'DateTime.now') return scope.allowsNow ? null : 'DateTime.now() cannot be used here';
  if (!name.startsWith('Lookup.')) return null;
  if (!scope.allowsLookups) return `${name} cannot be used here`;
  const fixed = name === 'Lookup.exists' ? args.slice(0, 1) : args.slice(0, 2);
  const isFixed = fixed.every((arg) => arg.kind === 'text');
  return isFixed ? null : `${name} needs its table and field as texts in quotes`;
}

function countText({ min, max }: { readonly min: number; readonly max: number }): string {
  const plural = min === 1 && max === 1 ? '' : 's';
  if (min === max) return `${min} argument${plural}`;
  return max === Number.POSITIVE_INFINITY ? `${min} or more arguments` : `${min} to ${max} arguments`;
}
