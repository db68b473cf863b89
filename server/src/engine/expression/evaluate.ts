// Spec 20 §5.2-5.3: the value of a calculation.
import type { Instant } from '../../kernel/time.ts';
import { constantOf } from './constants.ts';
import { EvaluationFailureError, failEvaluation } from './failure.ts';
import { castValue, plainFunctions } from './functions.ts';
import {
  type DataFieldReader,
  foundRow,
  keyFromLiteral,
  type LookupReader,
  requireField,
} from './lookups.ts';
import { arithmetic, comparison, isEqual, signed } from './operators.ts';
import type { Binary, Call, Expression, Membership, Path } from './syntax.ts';
import { conditionOf, numberOf, type Operand, singleValue, textOf, type Value } from './values.ts';

/** Where a calculation finds what it names. */
export type Environment = {
  /** The value of a name; undefined when the name has no meaning (any more), which is an error. */
  readonly value: (path: readonly string[]) => Operand | undefined;
  /** Null where lookup functions are not allowed. */
  readonly lookups: LookupReader | null;
  /** For lookup keys: the value of a data field by its code, undefined when there is no such field. */
  readonly dataField: DataFieldReader | null;
  /** `DateTime.now()`; null where it is not allowed. */
  readonly now: Instant | null;
};

export type Evaluation =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly message: string };

/** The environment and the place of the operation at work, which an error names. */
type Run = { readonly environment: Environment; position: number };

/** The value of the tree in the environment, or why there is none. Numbers have 34 digits, HALF_EVEN. */
export function evaluate(root: Expression, environment: Environment): Evaluation {
  const run: Run = { environment, position: 0 };
  try {
    return { kind: 'value', value: singleValue(operandOf(root, run)) };
  } catch (error) {
    if (!(error instanceof EvaluationFailureError)) throw error;
    return { kind: 'error', message: `${error.message} at character ${run.position + 1}` };
  }
}

function operandOf(node: Expression, run: Run): Operand {
  switch (node.kind) {
    case 'number':
    case 'text':
    case 'constant':
      return node.value;
    case 'path':
      return pathValue(node, run);
    case 'call':
      return callValue(node, run);
    case 'unary': {
      const operand = single(node.operand, run);
      run.position = node.position;
      return signed(node.operator, operand);
    }
    case 'cast': {
      const operand = single(node.operand, run);
      run.position = node.position;
      return castValue(node.type, operand);
    }
    case 'condition':
      return operandOf(conditionAt(node.test, run) ? node.yes : node.no, run);
    default:
      return chainValue(node, run);
  }
}

function single(node: Expression, run: Run): Value {
  const operand = operandOf(node, run);
  if (!Array.isArray(operand)) return operand as Value;
  run.position = node.position;
  return singleValue(operand);
}

function conditionAt(node: Expression, run: Run): boolean {
  const value = single(node, run);
  run.position = node.position;
  return conditionOf(value);
}

function pathValue(node: Path, run: Run): Operand {
  const value = constantOf(node.path) ?? run.environment.value(node.path);
  if (value !== undefined) return value;
  run.position = node.position;
  return failEvaluation(`"${node.path.join('.')}" is unknown here`);
}

/** A chain such as `a + b + c` is folded from its left end: it may be too long to recurse along. */
function chainValue(node: Binary | Membership, run: Run): Operand {
  if (node.left.kind !== 'binary' && node.left.kind !== 'in') {
    return linkValue(node, operandOf(node.left, run), run);
  }
  const links: (Binary | Membership)[] = [];
  let start: Expression = node;
  while (start.kind === 'binary' || start.kind === 'in') {
    links.push(start);
    start = start.left;
  }
  let value = operandOf(start, run);
  for (let link = links.pop(); link; link = links.pop()) value = linkValue(link, value, run);
  return value;
}

function linkValue(node: Binary | Membership, left: Operand, run: Run): Operand {
  if (node.kind === 'in') return isMember(node, { value: left, list: node.list }, run);
  switch (node.operator) {
    case 'AND':
    case 'OR':
      return logicValue(node, left, run);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const right = operandOf(node.right, run);
      run.position = node.position;
      return comparison(node.operator, left, right);
    }
    default: {
      const right = operandOf(node.right, run);
      run.position = node.position;
      return arithmetic(node.operator, singleValue(left), singleValue(right));
    }
  }
}

/** The right side is only evaluated when the left does not decide. */
function logicValue(node: Binary, left: Operand, run: Run): boolean {
  run.position = node.position;
  const holds = conditionOf(singleValue(left));
  if (holds === (node.operator === 'OR')) return holds;
  return conditionAt(node.right, run);
}

type Search = { readonly value: Operand; readonly list: readonly Expression[] };

/** Whether the value equals one of the list; a name that stands for a list is searched through. */
function isMember(node: Call | Membership, { value, list }: Search, run: Run): boolean {
  run.position = node.position;
  const wanted = singleValue(value);
  for (const item of list) {
    const operand = operandOf(item, run);
    run.position = item.position;
    const candidates = Array.isArray(operand) ? operand : [operand];
    if (candidates.some((candidate) => isEqual(wanted, candidate))) return true;
  }
  return false;
}

function callValue(node: Call, run: Run): Operand {
  const plain = plainFunctions.get(node.name);
  if (plain) {
    const args = node.args.map((arg) => single(arg, run));
    run.position = node.position;
    if (args.length < plain.min || args.length > plain.max)
      return failEvaluation(`${node.name} needs other arguments`);
    return plain.apply(args);
  }
  switch (node.name) {
    case 'isnull': {
      const value = single(argument(node, 0, run), run);
      return value ?? operandOf(argument(node, 1, run), run);
    }
    case 'IN':
      return isMember(node, { value: operandOf(argument(node, 0, run), run), list: node.args.slice(1) }, run);
    case 'DateTime.now':
      run.position = node.position;
      return run.environment.now ?? failEvaluation('DateTime.now() is not available here');
    default:
      return lookupValue(node, run);
  }
}

function argument(node: Call, index: number, run: Run): Expression {
  run.position = node.position;
  return node.args[index] ?? failEvaluation(`${node.name} needs more arguments`);
}

function lookupValue(node: Call, run: Run): Operand {
  const { lookups } = run.environment;
  run.position = node.position;
  if (!node.name.startsWith('Lookup.') || lookups === null) {
    return failEvaluation(`there is no function ${node.name} here`);
  }
  if (node.name === 'Lookup.exists') {
    const keys = keyValues(node, 1, run);
    run.position = node.position;
    return foundRow(lookups, literal(node, 0, run), keys) !== null;
  }
  const type = node.name === 'Lookup.findNumber' ? 'NUMBER' : 'STRING';
  const field = literal(node, 1, run);
  requireField(lookups, literal(node, 0, run), [field, type]);
  const keys = keyValues(node, 3, run);
  run.position = node.position;
  const row = foundRow(lookups, literal(node, 0, run), keys);
  if (row !== null && Object.hasOwn(row, field)) return row[field] ?? null;
  return defaultValue(node, type, run);
}

/** The default of a lookup, as the kind of value that the field would have had. */
function defaultValue(node: Call, type: 'NUMBER' | 'STRING', run: Run): Value {
  const value = single(argument(node, 2, run), run);
  run.position = node.position;
  if (value === null) return null;
  return type === 'NUMBER' ? numberOf(value) : textOf(value);
}

function literal(node: Call, index: number, run: Run): string {
  const arg = argument(node, index, run);
  return arg.kind === 'text' ? arg.value : failEvaluation('the table and the field must be texts in quotes');
}

function keyValues(node: Call, from: number, run: Run): readonly Value[] {
  const { dataField } = run.environment;
  return node.args
    .slice(from)
    .map((arg) =>
      arg.kind === 'text' ? singleValue(keyFromLiteral(arg.value, dataField)) : single(arg, run),
    );
}
