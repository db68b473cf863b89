import { type RawBuilder, sql } from 'kysely';
import { uuidFromText } from '../kernel/ids.ts';
import { dateFromText, instantFromText, startOfDate } from '../kernel/time.ts';
import type { Condition } from '../store/database.ts';
import { fieldsRefused } from './body.ts';

/**
 * What a search term compares: a stored field of some kind, or a list of ids or codes of which any may match.
 * `listedIds` is a stored list of ids, named in the singular or the plural.
 */
export type SearchKind = 'text' | 'id' | 'date' | 'dateTime' | 'flag' | 'ids' | 'codes' | 'listedIds';

/** Searchable fields of an entity by name; `ids` and `codes` stand for the columns id and code. */
export type SearchFields = { readonly [field: string]: SearchKind };

type Term = {
  readonly field: string;
  readonly comparator: '>=' | '<=' | '>' | '<' | ':' | '~';
  readonly value: string;
  /** The organization's timezone, in which a bare date begins. */
  readonly zone: string;
};

const TERM = /^(\w+)(>=|<=|>|<|:|~)(.*)$/su;

const OPERATORS = { '>=': sql`>=`, '<=': sql`<=`, '>': sql`>`, '<': sql`<`, ':': sql`=` };

const CONDITIONS: { readonly [kind in SearchKind]: (term: Term) => Condition } = {
  text: textCondition,
  id: idCondition,
  date: dateCondition,
  dateTime: dateTimeCondition,
  flag: flagCondition,
  ids: (term) => sql`id = any(${valuesOf(term).map((value) => uuidOf(term, value))}::uuid[])`,
  codes: (term) => sql`code = any(${valuesOf(term)}::text[])`,
  listedIds: listedIdsCondition,
};

/**
 * One condition for each term of a search such as `code~acme$dtCreated>=2024-01-01` (spec 40 §9); none for an
 * empty search. Throws VALIDATION_FAILED for a text that is none, an unknown field, a value or comparator
 * that does not suit the field.
 */
export function searchConditions(searchQuery: string, fields: SearchFields, zone: string): Condition[] {
  const texts = searchQuery.split('$').filter((text) => text !== '');
  return texts.map((text) => {
    const [, field = '', comparator = '', value = ''] =
      TERM.exec(text) ?? refuse(`${text} is no search term`);
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (kind === undefined) return refuse(`${field} cannot be searched`);
    return CONDITIONS[kind]({ field, comparator: comparator as Term['comparator'], value, zone });
  });
}

function refuse(message: string): never {
  throw fieldsRefused([{ field: 'searchQuery', message: `is not valid: ${message}` }]);
}

function comparison(term: Term, value: RawBuilder<unknown>): Condition {
  if (term.comparator === '~') return refuse(`${term.field} cannot be compared with ~`);
  return sql`${sql.ref(term.field)} ${OPERATORS[term.comparator]} ${value}`;
}

/** `~` finds the beginning of the text or of a word in it, in any letter case. */
function textCondition(term: Term): Condition {
  if (term.comparator !== '~') return comparison(term, sql`${term.value}`);
  const literal = term.value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return sql`${sql.ref(term.field)} ~* ${`(^|[[:space:][:punct:]])${literal}`}`;
}

function idCondition(term: Term): Condition {
  if (term.comparator !== '~') return comparison(term, sql`${uuidOf(term, term.value)}::uuid`);
  return sql`starts_with(${sql.ref(term.field)}::text, ${term.value.toLowerCase()})`;
}

function uuidOf(term: Term, value: string): string {
  return uuidFromText(value) ?? refuse(`${term.field} takes a UUID`);
}

function valuesOf(term: Term): string[] {
  if (term.comparator !== ':') return refuse(`${term.field} can only be compared with :`);
  return term.value.split(',').filter((value) => value !== '');
}

/** Whether any of the ids is in the list. */
function listedIdsCondition(term: Term): Condition {
  const column = term.field.endsWith('s') ? term.field : `${term.field}s`;
  const ids = valuesOf(term).map((value) => uuidOf(term, value));
  return sql`${sql.ref(column)} ?| ${ids}::text[]`;
}

function dateCondition(term: Term): Condition {
  const date = dateFromText(term.value) ?? refuse(`${term.field} takes a date`);
  return comparison(term, sql`${String(date)}::date`);
}

function dateTimeCondition(term: Term): Condition {
  const date = dateFromText(term.value);
  const instant = instantFromText(term.value) ?? (date && startOfDate(date, term.zone));
  return comparison(
    term,
    sql`${String(instant ?? refuse(`${term.field} takes a date or a date-time`))}::timestamptz`,
  );
}

function flagCondition(term: Term): Condition {
  const value = term.value.toLowerCase();
  if (value !== 'true' && value !== 'false') return refuse(`${term.field} takes true or false`);
  if (term.comparator !== ':') return refuse(`${term.field} can only be compared with :`);
  return comparison(term, sql`${value === 'true'}`);
}
