import { type RawBuilder, sql } from 'kysely';
import { uuidFromText } from '../kernel/ids.ts';
import { dateFromText, momentFromText, startOfDate, Temporal } from '../kernel/time.ts';
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
 * that does not suit the field. `~` finds beginnings in the texts that answers show.
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

type Order = Exclude<Term['comparator'], '~'>;

function comparison(field: string, comparator: Order, value: RawBuilder<unknown>): Condition {
  return sql`${sql.ref(field)} ${OPERATORS[comparator]} ${value}`;
}

/** The beginning of the text or of a word in it, in any letter case. */
function beginning(text: RawBuilder<unknown>, { value }: Term): Condition {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return sql`${text} ~* ${`(^|[[:space:][:punct:]])${literal}`}`;
}

function textCondition(term: Term): Condition {
  const { field, comparator, value } = term;
  if (comparator === '~') return beginning(sql.ref(field), term);
  return comparison(field, comparator, sql`${value}`);
}

function idCondition(term: Term): Condition {
  const { field, comparator, value } = term;
  if (comparator !== '~') return comparison(field, comparator, sql`${uuidOf(term, value)}::uuid`);
  return sql`starts_with(${sql.ref(field)}::text, ${value.toLowerCase()})`;
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
  const { field, comparator, value } = term;
  if (comparator === '~') return beginning(sql`to_char(${sql.ref(field)}, 'YYYY-MM-DD')`, term);
  const date = dateFromText(value) ?? refuse(`${field} takes a date`);
  return comparison(field, comparator, sql`${String(date)}::date`);
}

function dateTimeCondition(term: Term): Condition {
  const { field, comparator, value } = term;
  if (comparator === '~') return beginning(instantAsText(field), term);
  const moment = momentFromText(value) ?? refuse(`${field} takes a date or a date-time`);
  const instant = moment instanceof Temporal.PlainDate ? startOfDate(moment, term.zone) : moment;
  const text = String(instant);
  return comparison(field, comparator, sql`${text}::timestamptz`);
}

/** As answers show it: in UTC, with as many digits of the second as there are. */
function instantAsText(field: string): RawBuilder<unknown> {
  const digits = sql`to_char(${sql.ref(field)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
  return sql`(rtrim(rtrim(${digits}, '0'), '.') || 'Z')`;
}

function flagCondition(term: Term): Condition {
  const { field, comparator } = term;
  if (comparator === '~') return beginning(sql`${sql.ref(field)}::text`, term);
  const value = term.value.toLowerCase();
  if (value !== 'true' && value !== 'false') return refuse(`${field} takes true or false`);
  if (comparator !== ':') return refuse(`${field} can only be compared with : and ~`);
  return comparison(field, comparator, sql`${value === 'true'}`);
}
