// Spec 20 §5.1: the shape of a parsed calculation.
import type { Decimal } from '../../kernel/decimal.ts';

export type CastType = 'string' | 'number' | 'double' | 'int' | 'integer' | 'long' | 'boolean';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | 'AND' | 'OR';

/**
 * `position` is the offset of the node's own token in the text: the operator of a binary, the name of a
 * call.
 */
type At = { readonly position: number };

export type NumberLiteral = At & { readonly kind: 'number'; readonly value: Decimal };
export type TextLiteral = At & { readonly kind: 'text'; readonly value: string };
export type ConstantLiteral = At & { readonly kind: 'constant'; readonly value: boolean | null };
export type Path = At & { readonly kind: 'path'; readonly path: readonly string[] };
/** `name` is the full name, such as `Math.max`; `isnull` and `IN` always in this spelling. */
export type Call = At & {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
};
export type Unary = At & {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly operand: Expression;
};
export type Cast = At & { readonly kind: 'cast'; readonly type: CastType; readonly operand: Expression };
export type Binary = At & {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
};
/** `left IN (list)`. */
export type Membership = At & {
  readonly kind: 'in';
  readonly left: Expression;
  readonly list: readonly Expression[];
};
/** `test ? yes : no`. */
export type Condition = At & {
  readonly kind: 'condition';
  readonly test: Expression;
  readonly yes: Expression;
  readonly no: Expression;
};

/**
 * A parsed calculation. Chains of operators lean to the left and may be thousands long; every other nesting
 * is bounded by the parser, so a walk may recurse except along `left`.
 */
export type Expression =
  | NumberLiteral
  | TextLiteral
  | ConstantLiteral
  | Path
  | Call
  | Unary
  | Cast
  | Binary
  | Membership
  | Condition;

/**
 * What is wrong with a calculation; `position` counts characters from 0, the message names it counting from
 * 1.
 */
export type ExpressionError = { readonly kind: 'error'; readonly message: string; readonly position: number };

/** Binding strength: the larger binds tighter (spec 20 §5.2). */
export const PRECEDENCE: Readonly<Record<BinaryOperator | 'IN', number>> = {
  OR: 1,
  AND: 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  IN: 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  '^': 8,
};
/** Signs and casts stand between `* / %` and `^`. */
export const UNARY_PRECEDENCE = 7;

export const CAST_TYPES: ReadonlySet<string> = new Set<CastType>([
  'string',
  'number',
  'double',
  'int',
  'integer',
  'long',
  'boolean',
]);

/** The error at a place of the text. */
export function errorAt(position: number, what: string): ExpressionError {
  return { kind: 'error', message: `${what} at character ${position + 1}`, position };
}
