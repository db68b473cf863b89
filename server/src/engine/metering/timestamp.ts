// Spec 20 §7.1: the moment of a measurement, as text with or without offset.
import { Temporal } from '../../kernel/time.ts';

const DAY_MS = 86_400_000;
/** The beginning of 1900 and the end of 2299, in UTC: the moments that the store keeps. */
export const FIRST_MS = -2_208_988_800_000;
export const LAST_MS = 10_413_791_999_999;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const USUAL_FORM = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?$/;
const RARE_FORM = /^[+-]?[\d-]+[Tt][\d:.,]+(?:[Zz]|[+-][\d:]+)?$/;
const OFFSET_AT_END = /[Tt].*[Zz+-]/;

/**
 * Milliseconds since 1970 of an ISO-8601 date-time, or null when the text is none. Without offset it is
 * UTC; digits finer than milliseconds are cut off. A date without a time is refused. A leap second (`:60`)
 * counts as the second before it, so that it stays in the day and the billing period it closes.
 */
export function epochMsFromText(text: string): number | null {
  return USUAL_FORM.test(text) ? usualMs(text) : rareMs(text);
}

/**
 * Reads digits at their fixed places: about ten times faster than a date library, and this runs per
 * measurement.
 */
function usualMs(text: string): number | null {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const hasSeconds = text.charCodeAt(16) === 58;
  const second = hasSeconds ? twoDigits(text, 17) : 0;
  const offset = offsetMinutes(text, hasSeconds ? 19 : 16);
  if (day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 60) return null;
  if (offset === null) return null;
  const minutes = hour * 60 + minute - offset;
  const millisecond = hasSeconds ? fractionMs(text, 19) : 0;
  return (
    daysSinceEpoch(year, month, day) * DAY_MS + minutes * 60_000 + Math.min(second, 59) * 1000 + millisecond
  );
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

/** The first three digits after a point or comma at `at`; 0 when there is no fraction. */
function fractionMs(text: string, at: number): number {
  const point = text.charCodeAt(at);
  if (point !== 46 && point !== 44) return 0;
  let ms = 0;
  for (let place = 100, index = at + 1; place >= 1; place = Math.floor(place / 10), index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    ms += digit * place;
  }
  return ms;
}

/** Minutes east of UTC of the offset that follows `from`, 0 for `Z` or none; null when it is out of range. */
function offsetMinutes(text: string, from: number): number | null {
  const plus = text.indexOf('+', from);
  const at = plus >= 0 ? plus : text.indexOf('-', from);
  if (at < 0) return 0;
  const hours = twoDigits(text, at + 1);
  const rest = text.length - at;
  const minutes = rest > 3 ? twoDigits(text, text.length - 2) : 0;
  if (hours > 18 || minutes > 59) return null;
  return (hours * 60 + minutes) * (plus >= 0 ? 1 : -1);
}

function daysInMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/**
 * Days from 1970-01-01 in the Gregorian calendar; the year is taken to begin in March, so a leap day comes
 * last.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}

/** The other ISO forms: `20240110T120000Z`, an hour alone, years with a sign. */
function rareMs(text: string): number | null {
  if (!RARE_FORM.test(text)) return null;
  try {
    return OFFSET_AT_END.test(text)
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDateTime.from(text).toZonedDateTime('UTC').epochMilliseconds;
  } catch {
    return null;
  }
}
