import { flag, identifier, name, optional, withDefault } from '../../api/fields.ts';
import { anyCode, anyId, includeArchived } from '../../api/filters.ts';

/**
 * Fields of every list of values (spec 50 §1). Archived entries stay where they are used and take no new
 * uses.
 */
export function picklistFields() {
  return { name: name(), code: optional(identifier()), archived: withDefault(flag(), false) };
}

export function picklistFilters() {
  return { ids: anyId('id'), codes: anyCode('code'), archived: includeArchived() };
}

/** Operation ids of a list of values: the public API says create and update here, not post and put. */
export function picklistIds<const Name extends string>(name: Name) {
  return { create: `Create${name}`, update: `Update${name}` } as const;
}
