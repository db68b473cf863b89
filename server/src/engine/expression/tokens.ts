// Spec 20 §5.1: the words of a calculation.
import { Decimal } from '../../kernel/decimal.ts';
import { SyntaxFailureError } from './failure.ts';

export type Token =
  | { readonly kind: 'number'; readonly text: string; readonly value: Decimal; readonly position: number }
  | { readonly kind: 'text'; readonly text: string; readonly value: string; readonly position: number }
  | { readonly kind: 'name' | 'symbol' | 'end'; readonly text: string; readonly position: number };

const SPACE = /\s*/y;
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** Pattern IDENT of spec 10 §6. */
const NAME = /[\p{L}_$][\p{L}_$0-9]*/uy;
const SYMBOL = /[=!<>]=|[-+*/%^<>()[\],.?:]/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['/', '/'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

/** The tokens of the text, the last of which is of kind `end`. Throws SyntaxFailureError. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = spaceEnd(text, 0); at < text.length; ) {
    const { token, end } = tokenAt(text, at);
    tokens.push(token);
    at = spaceEnd(text, end);
  }
  tokens.push({ kind: 'end', text: '', position: text.length });
  return tokens;
}

type Lexed = { readonly token: Token; readonly end: number };

function spaceEnd(text: string, at: number): number {
  return at + (matchAt(SPACE, text, at)?.length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function tokenAt(text: string, at: number): Lexed {
  const first = text.charAt(at);
  if (first === '"' || first === "'") return textAt(text, at);
  const number = matchAt(NUMBER, text, at);
  if (number !== null) return numberAt(number, at);
  const name = matchAt(NAME, text, at);
  if (name !== null) return { token: { kind: 'name', text: name, position: at }, end: at + name.length };
  const symbol = matchAt(SYMBOL, text, at);
  if (symbol !== null)
    return { token: { kind: 'symbol', text: symbol, position: at }, end: at + symbol.length };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  throw new SyntaxFailureError(at, `unexpected ${JSON.stringify(character)}`);
}

/** The exponents of decimal128, which every result has to keep within as well. */
const MAX_EXPONENT = 6144;

function numberAt(text: string, position: number): Lexed {
  const value = new Decimal(text);
  if (!value.isFinite() || Math.abs(value.e) > MAX_EXPONENT) {
    throw new SyntaxFailureError(position, `the number ${text.slice(0, 40)} is out of range`);
  }
  return { token: { kind: 'number', text, value, position }, end: position + text.length };
}

function textAt(text: string, position: number): Lexed {
  const quote = text.charAt(position);
  let value = '';
  let at = position + 1;
  while (at < text.length && text.charAt(at) !== quote) {
    if (text.charAt(at) === '\\') {
      value += escapeAt(text, at);
      at += text.charAt(at + 1) === 'u' ? 6 : 2;
    } else {
      value += text.charAt(at);
      at += 1;
    }
  }
  if (at >= text.length) throw new SyntaxFailureError(position, 'the text is not closed');
  if (value.includes('\0') || /\p{Cs}/u.test(value)) {
    throw new SyntaxFailureError(position, 'the text holds a character that cannot be stored');
  }
  return { token: { kind: 'text', text: text.slice(position, at + 1), value, position }, end: at + 1 };
}

function escapeAt(text: string, at: number): string {
  const simple = ESCAPES.get(text.charAt(at + 1));
  if (simple !== undefined) return simple;
  const digits = /^u([0-9a-fA-F]{4})/.exec(text.slice(at + 1, at + 6))?.[1];
  if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
  throw new SyntaxFailureError(at, `unknown escape ${JSON.stringify(text.slice(at, at + 2))}`);
}
