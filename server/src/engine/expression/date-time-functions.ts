// Spec 20 §5.3: the DateTime functions.
import { Decimal } from '../../kernel/decimal.ts';
import type { Temporal } from '../../kernel/time.ts';
import { formattedMoment, parsedMoment } from './date-format.ts';
import { failEvaluation } from './failure.ts';
import type { PlainFunction } from './functions.ts';
import { momentFromIsoText, momentOf, zoneOf } from './moments.ts';
import { described, isInstant, textOf, type Value } from './values.ts';

const SECOND_MS = 1000;

export const dateTimeFunctions: readonly [string, PlainFunction][] = [
  ['DateTime.parse', nullFree([1, 2], parsed)],
  ['DateTime.format', nullFree([2, 3], formatted)],
  ['DateTime.epochMillis', nullFree([1, 1], ([moment = null]) => new Decimal(epochMs(moment)))],
  ['DateTime.epochSeconds', nullFree([1, 1], ([moment = null]) => new Decimal(epochSeconds(moment)))],
  ['DateTime.year', localPart((local) => local.year)],
  ['DateTime.month', localPart((local) => local.month)],
  ['DateTime.day', localPart((local) => local.day)],
  ['DateTime.hour', localPart((local) => local.hour)],
  ['DateTime.minute', localPart((local) => local.minute)],
  ['DateTime.second', localPart((local) => local.second)],
  ['DateTime.dayOfWeek', localPart((local) => local.dayOfWeek)],
];

/** A function that is null as soon as one of its arguments is. */
function nullFree([min, max]: [number, number], apply: (args: readonly Value[]) => Value): PlainFunction {
  return { min, max, apply: (args) => (args.includes(null) ? null : apply(args)) };
}

/** Without a format every ISO-8601 form is read, the default format among them. */
function parsed([value = null, format]: readonly Value[]): Value {
  if (isInstant(value)) return value;
  const text = textOf(value);
  if (format !== undefined) return parsedMoment(text, textOf(format));
  return momentFromIsoText(text) ?? failEvaluation(`${described(value)} is not a DateTime`);
}

function formatted([value = null, format = null, zone]: readonly Value[]): Value {
  return formattedMoment(momentOf(value), textOf(format), zone === undefined ? 'UTC' : zoneOf(zone));
}

function epochMs(value: Value): number {
  return momentOf(value).epochMilliseconds;
}

function epochSeconds(value: Value): number {
  return Math.floor(epochMs(value) / SECOND_MS);
}

/** A part of the local date and time in the zone of the second argument, UTC without one. */
function localPart(part: (local: Temporal.ZonedDateTime) => number): PlainFunction {
  return nullFree([1, 2], ([value = null, zone]) => {
    const local = momentOf(value).toZonedDateTimeISO(zone === undefined ? 'UTC' : zoneOf(zone));
    return new Decimal(part(local));
  });
}
