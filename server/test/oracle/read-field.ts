import { type Decimal, decimal } from '../../src/kernel/decimal.ts';
import { type Instant, type PlainDate, Temporal } from '../../src/kernel/time.ts';
import type { Row } from './given.ts';
import type { Band } from './organization.ts';

export function textOf(row: Row, name: string): string | null {
  return row.fields[name] ?? null;
}

export function numberOf(row: Row, name: string): Decimal | null {
  const text = textOf(row, name);
  return text === null ? null : decimal(text);
}

export function countOf(row: Row, name: string): number {
  return Number.parseInt(textOf(row, name) ?? '1', 10);
}

export function flagOf(row: Row, name: string): boolean | null {
  const text = textOf(row, name);
  return text === null ? null : text === 'true';
}

export function listOf(row: Row, name: string): readonly string[] {
  const text = textOf(row, name);
  return text === null || text === '' ? [] : text.split(',');
}

export function dateOf(row: Row, name: string): PlainDate | null {
  const text = textOf(row, name);
  return text === null ? null : Temporal.PlainDate.from(text);
}

/** A date means its midnight, a date-time without an offset local time, one that ends in Z is exact. */
export function momentOf(text: string, zone: string): Instant {
  if (text.endsWith('Z')) return Temporal.Instant.from(text);
  if (!text.includes('T')) return Temporal.PlainDate.from(text).toZonedDateTime(zone).toInstant();
  return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).toInstant();
}

/** Bands written `lower:fixed:unit`, separated by commas; in ascending order. */
export function bandsOf(row: Row, name: string): readonly Band[] {
  const bands = listOf(row, name).map((text) => {
    const [lower = '0', fixed = '0', unit = '0'] = text.split(':');
    return { lower: decimal(lower), fixed: decimal(fixed), unit: decimal(unit) };
  });
  return bands.sort((a, b) => a.lower.cmp(b.lower));
}
