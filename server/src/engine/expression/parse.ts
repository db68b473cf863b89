// Spec 20 §5.1: from the text of a calculation to its tree.
import { SyntaxFailureError } from './failure.ts';
import {
  type BinaryOperator,
  CAST_TYPES,
  type CastType,
  type Condition,
  type Expression,
  type ExpressionError,
  errorAt,
  PRECEDENCE,
} from './syntax.ts';
import { type Token, tokensOf } from './tokens.ts';

const MAX_LENGTH = 5000;
/**
 * Bounds the recursion of parser, evaluator and printer, whatever the text: far below what the stack takes.
 */
export const MAX_DEPTH = 400;

export type ParsedExpression = { readonly kind: 'expression'; readonly root: Expression };

/** Where the parser stands in the tokens. */
type Cursor = { readonly tokens: readonly Token[]; index: number; depth: number };

/** The tree of a calculation of at most 5,000 characters, or what is wrong with it and where. */
export function parseExpression(text: string): ParsedExpression | ExpressionError {
  if (text.length > MAX_LENGTH) return errorAt(MAX_LENGTH, `more than ${MAX_LENGTH} characters`);
  try {
    const cursor = { tokens: tokensOf(text), index: 0, depth: 0 };
    const root = expressionFrom(cursor);
    const rest = peek(cursor);
    if (rest.kind !== 'end') throw unexpected(rest);
    return { kind: 'expression', root };
  } catch (error) {
    if (error instanceof SyntaxFailureError) return errorAt(error.position, error.message);
    throw error;
  }
}

function peek(cursor: Cursor, ahead = 0): Token {
  const last = cursor.tokens.length - 1;
  return cursor.tokens[Math.min(cursor.index + ahead, last)] as Token;
}

function advance(cursor: Cursor): Token {
  const token = peek(cursor);
  cursor.index += 1;
  return token;
}

function isSymbol(token: Token, text: string): boolean {
  return token.kind === 'symbol' && token.text === text;
}

/** Steps over the symbol if it is next. */
function takeSymbol(cursor: Cursor, text: string): boolean {
  const found = isSymbol(peek(cursor), text);
  if (found) cursor.index += 1;
  return found;
}

function requireSymbol(cursor: Cursor, text: string): void {
  if (takeSymbol(cursor, text)) return;
  const token = peek(cursor);
  throw new SyntaxFailureError(token.position, `expected "${text}" instead of ${named(token)}`);
}

function unexpected(token: Token): SyntaxFailureError {
  return new SyntaxFailureError(token.position, `unexpected ${named(token)}`);
}

function named(token: Token): string {
  return token.kind === 'end' ? 'end' : JSON.stringify(token.text.slice(0, 40));
}

function nested<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T {
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw new SyntaxFailureError(peek(cursor).position, 'nested too deeply');
  const result = parse(cursor);
  cursor.depth -= 1;
  return result;
}

function expressionFrom(cursor: Cursor): Expression {
  return nested(cursor, conditionFrom);
}

function conditionFrom(cursor: Cursor): Expression | Condition {
  const test = binaryFrom(cursor, PRECEDENCE.OR);
  const { position } = peek(cursor);
  if (!takeSymbol(cursor, '?')) return test;
  const yes = expressionFrom(cursor);
  requireSymbol(cursor, ':');
  return { kind: 'condition', test, yes, no: expressionFrom(cursor), position };
}

/** Operands joined by operators that bind at least as tightly as `weakest`. */
function binaryFrom(cursor: Cursor, weakest: number): Expression {
  let left = nested(cursor, unaryFrom);
  for (;;) {
    const token = peek(cursor);
    const operator = operatorOf(token);
    if (operator === null || PRECEDENCE[operator] < weakest) return left;
    cursor.index += 1;
    const { position } = token;
    if (operator === 'IN') {
      left = { kind: 'in', left, list: listFrom(cursor), position };
    } else {
      left = {
        kind: 'binary',
        operator,
        left,
        right: binaryFrom(cursor, PRECEDENCE[operator] + 1),
        position,
      };
    }
  }
}

/** The operator that stands between two operands; `^` is read with its left operand and is none of these. */
function operatorOf(token: Token): BinaryOperator | 'IN' | null {
  const text = token.kind === 'name' ? keywordOf(token.text) : token.text;
  if (text === null || token.kind === 'number' || token.kind === 'text' || text === '^') return null;
  return Object.hasOwn(PRECEDENCE, text) ? (text as BinaryOperator | 'IN') : null;
}

/** `AND`, `OR`, `IN`, `null`, `true`, `false` in the spelling of the tree, written in upper or lower case. */
function keywordOf(name: string): string | null {
  return KEYWORDS.get(name) ?? null;
}

const KEYWORDS: ReadonlyMap<string, string> = new Map(
  ['AND', 'OR', 'IN', 'null', 'true', 'false'].flatMap((word) => [
    [word.toUpperCase(), word],
    [word.toLowerCase(), word],
  ]),
);

function unaryFrom(cursor: Cursor): Expression {
  const token = peek(cursor);
  if (isSymbol(token, '+') || isSymbol(token, '-')) {
    cursor.index += 1;
    const operator = token.text === '-' ? '-' : '+';
    return { kind: 'unary', operator, operand: nested(cursor, unaryFrom), position: token.position };
  }
  const type = castTypeAt(cursor);
  if (type === null) return powerFrom(cursor);
  cursor.index += 3;
  return { kind: 'cast', type, operand: nested(cursor, unaryFrom), position: token.position };
}

/** The type of `(type)` when an operand follows it; otherwise the parentheses hold an ordinary path. */
function castTypeAt(cursor: Cursor): CastType | null {
  const name = peek(cursor, 1);
  if (!isSymbol(peek(cursor), '(') || !isSymbol(peek(cursor, 2), ')')) return null;
  if (name.kind !== 'name' || !CAST_TYPES.has(name.text)) return null;
  return isOperandStart(peek(cursor, 3)) ? (name.text as CastType) : null;
}

/** A sign counts as the start of an operand, so `(int) -2.7` is a cast. */
function isOperandStart(token: Token): boolean {
  if (token.kind === 'symbol') return token.text === '(' || token.text === '+' || token.text === '-';
  if (token.kind !== 'name') return token.kind !== 'end';
  const keyword = keywordOf(token.text);
  return keyword !== 'AND' && keyword !== 'OR';
}

/** `^` binds its right side with its signs: `2^-1`, and to the right: `2^3^2` is `2^(3^2)`. */
function powerFrom(cursor: Cursor): Expression {
  const left = primaryFrom(cursor);
  const { position } = peek(cursor);
  if (!takeSymbol(cursor, '^')) return left;
  return { kind: 'binary', operator: '^', left, right: nested(cursor, unaryFrom), position };
}

function primaryFrom(cursor: Cursor): Expression {
  const token = advance(cursor);
  if (token.kind === 'number') return { kind: 'number', value: token.value, position: token.position };
  if (token.kind === 'text') return { kind: 'text', value: token.value, position: token.position };
  if (token.kind === 'name') return namedFrom(cursor, token);
  if (!isSymbol(token, '(')) throw unexpected(token);
  const inner = expressionFrom(cursor);
  requireSymbol(cursor, ')');
  return inner;
}

function namedFrom(cursor: Cursor, token: Token): Expression {
  const { position } = token;
  const keyword = keywordOf(token.text);
  if (keyword === 'null') return { kind: 'constant', value: null, position };
  if (keyword === 'true' || keyword === 'false')
    return { kind: 'constant', value: keyword === 'true', position };
  if (keyword !== null && keyword !== 'IN') throw unexpected(token);
  const path = pathFrom(cursor, token);
  if (isSymbol(peek(cursor), '(')) {
    return { kind: 'call', name: functionName(path), args: listFrom(cursor), position };
  }
  if (keyword === 'IN') throw unexpected(token);
  return { kind: 'path', path, position };
}

/** `isnull` and `IN` are written in any letter case (spec 20 §5.3). */
function functionName(path: readonly string[]): string {
  const name = path.join('.');
  const lower = name.toLowerCase();
  if (lower === 'isnull') return lower;
  return lower === 'in' ? 'IN' : name;
}

function pathFrom(cursor: Cursor, first: Token): readonly string[] {
  const path = [first.text];
  for (;;) {
    if (takeSymbol(cursor, '.')) {
      const member = advance(cursor);
      if (member.kind !== 'name') throw unexpected(member);
      path.push(member.text);
    } else if (takeSymbol(cursor, '[')) {
      const member = advance(cursor);
      if (member.kind !== 'text') throw unexpected(member);
      requireSymbol(cursor, ']');
      path.push(member.value);
    } else {
      return path;
    }
  }
}

/** `(a, b, …)`, possibly empty. */
function listFrom(cursor: Cursor): readonly Expression[] {
  requireSymbol(cursor, '(');
  const items: Expression[] = [];
  if (takeSymbol(cursor, ')')) return items;
  do items.push(expressionFrom(cursor));
  while (takeSymbol(cursor, ','));
  requireSymbol(cursor, ')');
  return items;
}

/** Kept beside the parser so that printer and parser agree: a name that needs no brackets behind a dot. */
export const PLAIN_NAME = /^[\p{L}_$][\p{L}_$0-9]*$/u;
