import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import {
  assigned,
  customFields,
  dateTime,
  group,
  IDENT_PATTERN,
  list,
  name,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf, Values } from '../../api/resource-spec.ts';
import { type FieldError, refusal } from '../../kernel/errors.ts';

export const REVISION_STATUSES = ['DRAFT', 'PUBLISHED', 'ARCHIVED'] as const;

function fieldName() {
  return text({
    max: 256,
    pattern: IDENT_PATTERN,
    says: 'must be letters, digits, _ and $ and must not begin with a digit',
  });
}

const revisionFields = {
  name: name(),
  startDate: optional(dateTime()),
  fields: list(group({ name: fieldName(), type: oneOf(['STRING', 'NUMBER']) }), { min: 2, max: 10 }),
  keys: list(fieldName(), { min: 1, max: 5 }),
  customFields: customFields(),
  status: assigned(oneOf(REVISION_STATUSES), 'DRAFT'),
  lookupTableId: assigned(reference('LookupTable'), null, { hidden: true }),
};

type RevisionFields = typeof revisionFields;
type Shape = Pick<Values<RevisionFields>, 'fields' | 'keys'>;

/** A revision as it is stored; `itemCount` is the number of its rows. */
export type StoredRevision = EntityOf<RevisionFields> & {
  readonly lookupTableId: string;
  readonly itemCount: number;
};

/**
 * One state of the rows of a lookup table and of their shape (spec 20 §15.2). It lies below its table, so its
 * operations are written out: `lookup-table-revision-operations.ts`.
 */
export const lookupTableRevision = declaredResource({
  name: 'LookupTableRevision',
  path: 'lookuptables/{lookupTableId}/revisions',
  summary: 'a lookup table revision',
  table: 'lookup_table_revision',
  permission: 'config:lookuptable',
  itemColumn: 'lookupTableId',
  event: null,
  maxPageSize: 200,
  fields: revisionFields,
  computed: {
    itemCount: {
      schema: z.int(),
      sql: sql`select count(*) from lookup_table_item i
        where i.org_id = lookup_table_revision.org_id and i.revision_id = lookup_table_revision.id`,
    },
  },
  example: {
    name: 'Rates of May',
    fields: [
      { name: 'currency', type: 'STRING' },
      { name: 'rate', type: 'NUMBER' },
    ],
    keys: ['currency'],
  },
  complete: (values, before) => {
    const errors = shapeErrors(values);
    if (errors.length > 0) throw fieldsRefused(errors);
    return before ? withKeptShape(values, before) : values;
  },
});

function shapeErrors({ fields, keys }: Shape): FieldError[] {
  const names = fields.map((field) => field.name);
  const errors = names.flatMap((fieldName, index) =>
    names.indexOf(fieldName) < index
      ? [{ field: `fields[${index}].name`, message: 'is the name of another field' }]
      : [],
  );
  for (const [index, key] of keys.entries()) {
    if (!names.includes(key)) errors.push({ field: `keys[${index}]`, message: 'is the name of no field' });
    if (keys.indexOf(key) < index) errors.push({ field: `keys[${index}]`, message: 'is there twice' });
  }
  if (names.every((fieldName) => keys.includes(fieldName))) {
    errors.push({ field: 'keys', message: 'must leave out at least one field' });
  }
  return errors;
}

/** Rows keep the shape that they were written in; what is no draft keeps its date too (spec 20 §15.2). */
function withKeptShape<T extends Values<RevisionFields>>(values: T, before: EntityOf<RevisionFields>): T {
  const isDraft = before.status === 'DRAFT';
  const { itemCount } = before as StoredRevision;
  if ((!isDraft || itemCount > 0) && !isSameShape(values, before)) {
    const why = isDraft ? 'while there are items' : 'of a revision that is not a draft';
    throw refusal('IMMUTABLE_FIELD', 'fields', `and keys cannot be changed ${why}`);
  }
  if (isDraft) return values;
  const { startDate } = before;
  if (values.startDate !== null && String(values.startDate) !== String(startDate)) {
    throw refusal('IMMUTABLE_FIELD', 'startDate', 'of a revision that is not a draft cannot be changed');
  }
  return { ...values, startDate };
}

/** Whether rows of one shape are rows of the other: only keys have an order that matters. */
export function isSameShape(a: Shape, b: Shape): boolean {
  const types = ({ fields }: Shape) => fields.map((field) => `${field.name} ${field.type}`).sort();
  return isDeepStrictEqual([types(a), a.keys], [types(b), b.keys]);
}
