// Spec 20 §11.6: calls of standard SQL that ClickHouse answers otherwise, written with what it answers right.
import type { SqlRefusal } from './custom-sql-tokens.ts';

type Words = readonly string[];

/** Arguments of a call, and the `filter (…)` and `over (…)` behind it. */
type Call = { readonly args: readonly Words[]; readonly tail: Words };

/** How a call is written, by its function. What a function is not found here for is written as it is. */
const WRITINGS: ReadonlyMap<string, (call: Call) => Words | SqlRefusal> = new Map([
  ['avg', exactMean],
  ['sqrt', squareRoot],
  ['power', wholePower],
  ['lag', nullableCall('lag')],
  ['lead', nullableCall('lead')],
  ['nth_value', nullableCall('nth_value')],
  ['extract', extracted],
]);

/** Some calls repeat their arguments, and may lie within one another. */
const MAX_WORDS = 20_000;

/** The words of a query with such calls written anew, from the innermost on. */
export function withExactCalls(written: Words): Words | SqlRefusal {
  let words = written;
  for (let at = words.length - 1; at >= 0; at -= 1) {
    const writing = words[at + 1] === '(' ? WRITINGS.get(words[at] ?? '') : undefined;
    if (writing === undefined) continue;
    const { call, end } = callAt(words, at);
    const anew = writing(call);
    if ('refused' in anew) return anew;
    words = [...words.slice(0, at), ...anew, ...words.slice(end)];
    if (words.length > MAX_WORDS) return { refused: 'has too many calls within one another' };
  }
  return words;
}

/** The call whose function stands there, and where what follows it begins. */
function callAt(words: Words, at: number): { readonly call: Call; readonly end: number } {
  const close = closingBracket(words, at + 1);
  const args: string[][] = [[]];
  let depth = 0;
  for (const word of words.slice(at + 2, close)) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (word === ',' && depth === 0) args.push([]);
    else args.at(-1)?.push(word);
  }
  let end = close + 1;
  for (const word of ['filter', 'over']) {
    if (words[end] === word) end = closingBracket(words, end + 1) + 1;
  }
  return { call: { args, tail: words.slice(close + 1, end) }, end };
}

/** Where the bracket that opens there is closed; the place itself when none does. */
function closingBracket(words: Words, open: number): number {
  let depth = 0;
  for (let at = open; at < words.length; at += 1) {
    if (words[at] === '(') depth += 1;
    if (words[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return words.length;
}

/** `avg(x)` answers a float, so it becomes sum over count. */
function exactMean({ args, tail }: Call): Words {
  const values = listed(args);
  const count = ['count', '(', ...values, ')', ...tail];
  return ['(', 'sum', '(', ...values, ')', ...tail, '/', 'nullIf', '(', ...count, ',', '0', ')', ')'];
}

/** The decimal that the float is shown as: 16 digits or so, `sqrt(0.01)` = 0.1. */
function squareRoot({ args, tail }: Call): Words {
  const root = ['sqrt', '(', 'toFloat64', '(', ...listed(args), ')', ')'];
  return ['toDecimal256', '(', 'toString', '(', ...root, ')', ',', '34', ')', ...tail];
}

const EXPONENT = /^[1-8]$/;

/** A power as the product that it stands for: any other way it is a float. */
function wholePower({ args: [base = [], exponent = [], ...others], tail }: Call): Words | SqlRefusal {
  const [times = ''] = exponent;
  if (exponent.length !== 1 || others.length > 0 || !EXPONENT.test(times)) {
    return { refused: 'has a power whose exponent is not a whole number from 1 to 8' };
  }
  const factor = ['toDecimal256', '(', ...base, ',', '34', ')'];
  let product = factor;
  for (let left = Number.parseInt(times, 10); left > 1; left -= 1) {
    product = ['multiplyDecimal', '(', ...product, ',', ...factor, ',', '34', ')'];
  }
  return [...product, ...tail];
}

/** Where there is no such row the value is null, and not the zero of its type. */
function nullableCall(name: string): (call: Call) => Words {
  return ({ args: [value = [], ...others], tail }) => {
    const args = [['toNullable', '(', ...value, ')'], ...others];
    return [name, '(', ...listed(args), ')', ...tail];
  };
}

const MOMENT_TYPE = ['3', ',', "'UTC'"];

/** `extract(epoch from x)` as seconds with milliseconds; other parts as they are. */
function extracted({ args, tail }: Call): Words {
  const [part, from, ...moment] = listed(args);
  if (part !== 'epoch' || from !== 'from') return ['extract', '(', ...listed(args), ')', ...tail];
  const at = ['toDateTime64', '(', ...moment, ',', ...MOMENT_TYPE, ')'];
  const ms = ['toDecimal256', '(', 'toUnixTimestamp64Milli', '(', ...at, ')', ',', '3', ')'];
  return ['(', ...ms, '/', '1000', ')', ...tail];
}

function listed(args: readonly Words[]): Words {
  return args.flatMap((arg, at) => (at === 0 ? arg : [',', ...arg]));
}
