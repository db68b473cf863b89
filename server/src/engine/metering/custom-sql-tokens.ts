// Spec 20 §11.6: the words of a custom SQL query.

export type SqlToken = {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'symbol';
  /** A word as written, the inside of a quoted name or of a text, a number, a symbol. */
  readonly text: string;
};

/** Why a query is refused, as a sentence without its end. */
export type SqlRefusal = { readonly refused: string };

const SPACE = /\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\//y;
const WORD = /[\p{L}_$][\p{L}_$0-9]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?(?![\p{L}_$0-9.])/uy;
const TEXT = /'((?:[^'\0]|'')*)'/y;
const QUOTED = /"([\p{L}_$][\p{L}_$0-9]*)"|`([\p{L}_$][\p{L}_$0-9]*)`/uy;
const SYMBOL = /<>|!=|<=|>=|\|\||::|\/(?!\*)|[(),.+\-*%=<>]/y;

const KINDS = [
  ['number', NUMBER],
  ['word', WORD],
  ['text', TEXT],
  ['quoted', QUOTED],
  ['symbol', SYMBOL],
] as const;

/** The tokens of a query without its comments, or why it has none: a character that no query needs. */
export function sqlTokens(query: string): readonly SqlToken[] | SqlRefusal {
  const tokens: SqlToken[] = [];
  let at = afterSpace(query, 0);
  while (at < query.length) {
    const token = tokenAt(query, at);
    if (token === null) return { refused: refusalAt(query, at) };
    tokens.push({ kind: token.kind, text: token.text });
    at = afterSpace(query, token.end);
  }
  return tokens;
}

function afterSpace(query: string, from: number): number {
  let at = from;
  for (;;) {
    SPACE.lastIndex = at;
    const length = SPACE.exec(query)?.[0].length ?? 0;
    if (length === 0) return at;
    at += length;
  }
}

function tokenAt(query: string, at: number): (SqlToken & { readonly end: number }) | null {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = at;
    const match = pattern.exec(query);
    if (!match) continue;
    const inside = match[1] ?? match[2];
    const text = kind === 'text' ? (inside ?? '').replaceAll("''", "'") : (inside ?? match[0]);
    return { kind, text, end: at + match[0].length };
  }
  return null;
}

function refusalAt(query: string, at: number): string {
  const character = String.fromCodePoint(query.codePointAt(at) ?? 0);
  if (character === ';') return 'must be one statement, without a semicolon';
  return `has a ${JSON.stringify(character)} at character ${at + 1} that cannot be read`;
}
