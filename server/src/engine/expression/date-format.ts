// Spec 20 §5.3: patterns such as `yyyy-MM-dd'T'HH:mm:ss.SSSX` for moments as text.
import { type Instant, Temporal } from '../../kernel/time.ts';
import { failEvaluation } from './failure.ts';

export const DEFAULT_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSSX";

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const MAX_PATTERN = 100;
const PART = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']/y;
const LETTERS = 'yMdHhmsSaEXxZ';

/** One run of a letter, such as `yyyy`, or literal text (`letter` null). */
type Part = { readonly letter: string | null; readonly text: string };

/**
 * The moment as text of the pattern in the zone. Letters: y year, M month (MMM, MMMM its English name), d
 * day, E weekday, H hour, h hour of half a day, a AM/PM, m, s, S fraction, X x Z offset; text in single
 * quotes.
 */
export function formattedMoment(moment: Instant, pattern: string, zone: string): string {
  const local = moment.toZonedDateTimeISO(zone);
  return partsOf(pattern)
    .map((part) => (part.letter === null ? part.text : fieldText(part.letter, part.text.length, local)))
    .join('');
}

function partsOf(pattern: string): readonly Part[] {
  if (pattern.length > MAX_PATTERN) return failEvaluation('the date format is too long');
  const parts: Part[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < pattern.length) {
    const match = PART.exec(pattern);
    if (match === null) return failEvaluation('the date format has an open quote');
    parts.push(partOf(match));
  }
  return parts;
}

function partOf([text, quoted, letter]: RegExpExecArray): Part {
  if (quoted !== undefined) return { letter: null, text: quoted === '' ? "'" : quoted.replaceAll("''", "'") };
  if (letter === undefined) return { letter: null, text };
  if (!LETTERS.includes(letter)) return failEvaluation(`the date format letter "${letter}" is unknown`);
  return { letter, text };
}

function fieldText(letter: string, count: number, local: Temporal.ZonedDateTime): string {
  switch (letter) {
    case 'y':
      return padded(count === 2 ? local.year % 100 : local.year, count);
    case 'M':
      return count < 3 ? padded(local.month, count) : nameText(MONTHS[local.month - 1] ?? '', count);
    case 'd':
      return padded(local.day, count);
    case 'E':
      return nameText(DAYS[local.dayOfWeek - 1] ?? '', count);
    case 'H':
      return padded(local.hour, count);
    case 'h':
      return padded(local.hour % 12 || 12, count);
    case 'a':
      return local.hour < 12 ? 'AM' : 'PM';
    case 'm':
      return padded(local.minute, count);
    case 's':
      return padded(local.second, count);
    case 'S':
      return fraction(local).slice(0, count).padEnd(count, '0');
    default:
      return offsetText(letter, count, local.offset);
  }
}

function padded(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

function nameText(name: string, count: number): string {
  return count < 4 ? name.slice(0, 3) : name;
}

/** The nine digits behind the second. */
function fraction(local: Temporal.ZonedDateTime): string {
  return padded(local.millisecond * 1_000_000 + local.microsecond * 1000 + local.nanosecond, 9);
}

/** `+05:30` as `+0530` (one or two letters, Z) or `+05:30` (three letters); X writes `Z` for UTC. */
function offsetText(letter: string, count: number, offset: string): string {
  if (letter === 'X' && offset === '+00:00') return 'Z';
  if (letter !== 'Z' && count >= 3) return offset;
  const short = letter !== 'Z' && count === 1 && offset.endsWith(':00');
  return short ? offset.slice(0, 3) : offset.replace(':', '');
}

/**
 * The moment that the text names by the pattern, in UTC unless the pattern holds an offset; fails on any
 * mismatch.
 */
export function parsedMoment(text: string, pattern: string): Instant {
  const parts = partsOf(pattern);
  const match = patternOf(parts).exec(text);
  const fields = match ? fieldsOf(parts, match) : null;
  const moment = fields ? momentFromFields(fields) : null;
  return (
    moment ?? failEvaluation(`${JSON.stringify(text.slice(0, 40))} does not follow the format ${pattern}`)
  );
}

/**
 * Captures are atomic (a lookahead and its own group), so that no pattern can make the search try
 * alternatives.
 */
function patternOf(parts: readonly Part[]): RegExp {
  let group = 0;
  const pieces = parts.map(({ letter, text }) => {
    if (letter === null) return text.replace(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`);
    group += 1;
    return `(?=(${fieldPattern(letter, text.length)}))\\${group}(?:)`;
  });
  return new RegExp(`^${pieces.join('')}$`, 'u');
}

function fieldPattern(letter: string, count: number): string {
  if (letter === 'a') return '[AaPp][Mm]';
  if (letter === 'E' || (letter === 'M' && count > 2)) return '[A-Z][a-z]+';
  if ('XxZ'.includes(letter)) return 'Z|[+-]\\d\\d(?::?\\d\\d)?';
  return count === 1 ? '\\d{1,9}' : `\\d{${count}}`;
}

/** The captured text of each letter; null when a letter comes twice with different texts. */
function fieldsOf(parts: readonly Part[], match: RegExpExecArray): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>();
  const letters = parts.flatMap((part) => part.letter ?? []);
  for (const [index, letter] of letters.entries()) {
    const text = match[index + 1] ?? '';
    if ((fields.get(letter) ?? text) !== text) return null;
    fields.set(letter, text);
  }
  return fields;
}

function momentFromFields(fields: ReadonlyMap<string, string>): Instant | null {
  const number = (letter: string, absent: number) =>
    Number.parseInt(fields.get(letter) ?? String(absent), 10);
  const year = number('y', 1970);
  const nanos = (fields.get('S') ?? '').padEnd(9, '0');
  try {
    const local = Temporal.PlainDateTime.from(
      {
        year: fields.get('y')?.length === 2 ? 2000 + year : year,
        month: monthOf(fields.get('M') ?? '1'),
        day: number('d', 1),
        hour: hourOf(fields, number('H', 0)),
        minute: number('m', 0),
        second: number('s', 0),
        millisecond: Number.parseInt(nanos.slice(0, 3), 10),
        microsecond: Number.parseInt(nanos.slice(3, 6), 10),
        nanosecond: Number.parseInt(nanos.slice(6, 9), 10),
      },
      { overflow: 'reject' },
    );
    return local.toZonedDateTime(offsetZone(fields)).toInstant();
  } catch {
    return null;
  }
}

function monthOf(text: string): number {
  if (/^\d/.test(text)) return Number.parseInt(text, 10);
  return 1 + MONTHS.findIndex((name) => name === text || name.slice(0, 3) === text);
}

/** The hour of the day, also from an hour of half a day (12 is its first) with AM or PM. */
function hourOf(fields: ReadonlyMap<string, string>, hour: number): number {
  const half = fields.get('h');
  if (half === undefined) return hour;
  const ofHalf = Number.parseInt(half, 10) % 12;
  return fields.get('a')?.toUpperCase() === 'PM' ? ofHalf + 12 : ofHalf;
}

function offsetZone(fields: ReadonlyMap<string, string>): string {
  const offset = fields.get('X') ?? fields.get('x') ?? fields.get('Z') ?? 'Z';
  if (offset === 'Z') return 'UTC';
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  return `${offset.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
