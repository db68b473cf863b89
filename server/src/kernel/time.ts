import { Temporal } from 'temporal-polyfill';
import { remembering } from './memo.ts';

export { Temporal };
export type Instant = Temporal.Instant;
export type PlainDate = Temporal.PlainDate;

/** PostgreSQL knows no year 0, and four digits no year 10000, which the platform writes with a sign. */
const YEAR_1_MS = -62_135_596_800_000;
const YEAR_10000_MS = 253_402_300_800_000;

/** A half-open span of instants: `start` belongs to it, `end` does not; `end` null = for ever. */
export type Span = { readonly start: Instant; readonly end: Instant | null };

/** The present moment with microseconds at most (what PostgreSQL keeps). The only clock of the product. */
export function currentInstant(): Instant {
  return Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
}

const OFFSET_ZONE = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i;

/**
 * The Temporal zone id of a timezone as the API takes it (spec 10 §2, 40 §3.1): a tz-database name, or an
 * offset such as `UTC+1:00`, `GMT+1`, `+1:00`, `+1` (all one hour ahead of UTC). Null when it is neither.
 */
export function zoneFromText(text: string): string | null {
  const offset = OFFSET_ZONE.exec(text);
  if (offset) return offsetZone(offset);
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(text)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId;
  } catch {
    return null;
  }
}

function offsetZone(match: RegExpExecArray): string | null {
  const hours = Number.parseInt(match[2] ?? '0', 10);
  const minutes = Number.parseInt(match[3] ?? '0', 10);
  if (hours > 14 || minutes > 59 || (hours === 14 && minutes > 0)) return null;
  return `${match[1]}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}

/**
 * The instant at which a local date begins in a zone. A midnight that does not exist (DST gap) gives the
 * first existing instant of that date, one that happens twice the earlier (spec 40 §3.1).
 */
export function startOfDate(date: PlainDate, zone: string): Instant {
  return startsOfDates(`${dateNumber(date)} ${zone}`, () => {
    const start = date.toZonedDateTime(zone).toInstant();
    // The first day of year 1 begins in year 0 wherever clocks are ahead of UTC.
    return isStorableInstant(start) || date.year !== 1
      ? start
      : Temporal.Instant.fromEpochMilliseconds(YEAR_1_MS);
  });
}

/** Whether the stores take the instant: those of the years 1 to 9999 in UTC. */
export function isStorableInstant({ epochMilliseconds: ms }: Instant): boolean {
  return ms >= YEAR_1_MS && ms < YEAR_10000_MS;
}

// The polyfill reads the rules of a zone anew for each conversion, and a bill needs dozens of the same ones.
const startsOfDates = remembering<string, Instant>(20_000);
const localDates = remembering<string, PlainDate>(20_000);

/** A number for each calendar date, by which it can be told from others. */
export function dateNumber(date: PlainDate): number {
  return (date.year * 16 + date.month) * 32 + date.day;
}

/** The date as ISO text; the polyfill takes long for it, and the bills of a job share their dates. */
export function dateText(date: PlainDate): string {
  return textOfDate(dateNumber(date), () => date.toString());
}

const textOfDate = remembering<number, string>(2000);

/** The date so many days after a date; before it for a number below 0. */
export function daysAfter(date: PlainDate, days: number): PlainDate {
  return datesAfter(`${dateNumber(date)} ${days}`, () => date.add({ days }));
}

// The bills of a job need the same few dates, and the polyfill takes twenty times as long for one.
const datesAfter = remembering<string, PlainDate>(20_000);

/** The local calendar date of an instant. */
export function localDate(instant: Instant, zone: string): PlainDate {
  const key = `${instant.epochNanoseconds} ${zone}`;
  return localDates(key, () => instant.toZonedDateTimeISO(zone).toPlainDate());
}

export function isBefore(a: Instant, b: Instant): boolean {
  return Temporal.Instant.compare(a, b) < 0;
}

export function earlier(a: Instant, b: Instant): Instant {
  return isBefore(a, b) ? a : b;
}

export function later(a: Instant, b: Instant): Instant {
  return isBefore(a, b) ? b : a;
}

const DATE = /^\d{4}-\d{2}-\d{2}/;
const DATE_ONLY = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME =
  /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * The calendar date written in the text: `YYYY-MM-DD`, or the date part of an ISO-8601 date-time in its own
 * offset (spec 10 §2). Null when it is neither, or no such day exists; PostgreSQL knows none of the year 0.
 */
export function dateFromText(text: string): PlainDate | null {
  if (DATE_ONLY.test(text)) return dayOf(text);
  return DATE_TIME.test(text) && hasTimeOfDay(text) ? dayOf(text) : null;
}

/** The day that a date or a date-time begins with; null when there is no such day. */
function dayOf(text: string): PlainDate | null {
  try {
    const day = Temporal.PlainDate.from(DATE.exec(text)?.[0] ?? '', { overflow: 'reject' });
    return day.year === 0 ? null : day;
  } catch {
    return null;
  }
}

/** Whether the time and the offset of a date-time exist, which 99:99 does not. */
function hasTimeOfDay(text: string): boolean {
  try {
    Temporal.PlainDateTime.from(text.replace(/[Zz]$/, ''));
    return true;
  } catch {
    return false;
  }
}

/**
 * The instant of an ISO-8601 date-time; without an offset it is read as UTC (spec 10 §2). Null for anything
 * else, a bare date included, and for years that the stores do not keep. Digits below microseconds are
 * dropped, because they do not keep these either.
 */
export function instantFromText(text: string): Instant | null {
  const instant = instantFromPlainText(text) ?? instantFromAnyText(text);
  return instant !== null && isStorableInstant(instant) ? instant : null;
}

/** The instant of a date-time or the day of a bare date, for the caller to place; null for neither. */
export function momentFromText(text: string): Instant | PlainDate | null {
  return DATE_ONLY.test(text) ? dayOf(text) : instantFromText(text);
}

const PLAIN = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;

/** The form that most senders write, in whole milliseconds; null for every other text. */
function instantFromPlainText(text: string): Instant | null {
  const day = PLAIN.exec(text)?.[1];
  const ms = day === undefined ? Number.NaN : Date.parse(text);
  // The platform takes 24:00 and the 30th of February for the day after.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day) return null;
  return Temporal.Instant.fromEpochMilliseconds(ms);
}

function instantFromAnyText(text: string): Instant | null {
  if (!DATE_TIME.test(text) || dayOf(text) === null) return null;
  const withOffset = /(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$/.test(text.slice(16)) ? text : `${text}Z`;
  try {
    const instant = Temporal.Instant.from(withOffset);
    return instant.round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
  } catch {
    return null;
  }
}

const NS_PER_US = 1000n;
const NS_PER_MS = 1_000_000n;
const STORED = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/;

/** The instant of a `timestamptz` as PostgreSQL writes it in a session that is in UTC. */
export function instantFromStored(text: string): Instant {
  const [, day, time, fraction = ''] = STORED.exec(text) ?? [];
  if (day === undefined) return Temporal.Instant.from(text);
  const ms = Date.parse(`${day}T${time}Z`);
  if (fraction === '') return Temporal.Instant.fromEpochMilliseconds(ms);
  const us = Number.parseInt(fraction.padEnd(6, '0'), 10);
  return Temporal.Instant.fromEpochNanoseconds(BigInt(ms) * NS_PER_MS + BigInt(us) * NS_PER_US);
}

/** The instant as the platform's Date, for libraries that take nothing else. Milliseconds only. */
export function platformDate(instant: Instant): Date {
  return new Date(instant.epochMilliseconds);
}

/**
 * The instant as ISO text in UTC, as its own `toString` writes it. The platform's formatter does the same in
 * a tenth of the time, and most instants are written many times: the ends of a period stand in every bill of
 * a job.
 */
export function instantText(instant: Instant): string {
  return textOfMoment(instant.epochNanoseconds, () => textOf(instant));
}

const textOfMoment = remembering<bigint, string>(2000);

function textOf(instant: Instant): string {
  // Remainders below 1970 are negative.
  const ms = instant.epochMilliseconds;
  const ns = instant.epochNanoseconds;
  if (ms < 0 || ms >= YEAR_10000_MS || ns % NS_PER_US !== 0n) return instant.toString();
  const iso = platformDate(instant).toISOString();
  const us = Number(ns / NS_PER_US - BigInt(ms) * 1000n);
  if (us === 0 && iso.endsWith('.000Z')) return `${iso.slice(0, 19)}Z`;
  const fraction = us === 0 ? iso.slice(20, 23) : `${iso.slice(20, 23)}${String(us).padStart(3, '0')}`;
  return `${iso.slice(0, 20)}${withoutTrailingZeros(fraction)}Z`;
}

function withoutTrailingZeros(digits: string): string {
  let length = digits.length;
  while (digits.charAt(length - 1) === '0') length -= 1;
  return digits.slice(0, length);
}
