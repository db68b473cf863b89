// Spec 20 §6: custom fields in calculations, their spellings and their values.
import type { Decimal } from '../../kernel/decimal.ts';

export const CUSTOM_FIELD_ENTITIES = [
  'organization',
  'product',
  'planTemplate',
  'plan',
  'meter',
  'account',
  'accountPlan',
  'aggregation',
  'compoundAggregation',
  'contract',
] as const;
export type CustomFieldEntity = (typeof CUSTOM_FIELD_ENTITIES)[number];

/**
 * Custom fields of one entity, or of an entity type at organization level; read them with `Object.hasOwn`.
 */
export type CustomFieldValues = { readonly [name: string]: string | Decimal };

/**
 * Values at organization level (`defaults`) and those of the entities that a calculation is about (`own`).
 */
export type CustomFieldLevels = {
  readonly defaults: { readonly [entity in CustomFieldEntity]?: CustomFieldValues };
  readonly own: { readonly [entity in CustomFieldEntity]?: CustomFieldValues };
};

export type CustomFieldName = { readonly entity: CustomFieldEntity; readonly name: string };

const ENTITY_BY_LOWER: ReadonlyMap<string, CustomFieldEntity> = new Map(
  CUSTOM_FIELD_ENTITIES.map((entity) => [entity.toLowerCase(), entity]),
);

/**
 * The custom field that a path names, or null when it is no such path. `customFields.account.x` is the usual
 * spelling; `customField` and the entity in front are accepted, and the entity in any letter case (§6.3).
 */
export function customFieldOf(path: readonly string[]): CustomFieldName | null {
  const [first = '', second = '', name] = path;
  if (path.length !== 3 || name === undefined) return null;
  const entityText = isMarker(first) ? second : isMarker(second) ? first : '';
  const entity = ENTITY_BY_LOWER.get(entityText.toLowerCase());
  return entity === undefined ? null : { entity, name };
}

function isMarker(text: string): boolean {
  return text === 'customFields' || text === 'customField';
}

/**
 * The value of a custom field: the entity's own, else that of the organization level; undefined when the
 * organization level lacks it, even if the entity has one (§6.1).
 */
export function customFieldValue(
  levels: CustomFieldLevels,
  { entity, name }: CustomFieldName,
): string | Decimal | undefined {
  const defaults = levels.defaults[entity];
  if (!defaults || !Object.hasOwn(defaults, name)) return undefined;
  const own = levels.own[entity];
  return own && Object.hasOwn(own, name) ? own[name] : defaults[name];
}

/**
 * Null when calculations may name the field, else what is wrong: it must exist at organization level
 * (§6.1).
 */
export function customFieldRefusal(
  defaults: CustomFieldLevels['defaults'],
  { entity, name }: CustomFieldName,
): string | null {
  const known = defaults[entity];
  if (known && Object.hasOwn(known, name)) return null;
  return `custom field ${JSON.stringify(name)} of ${entity} is not defined for the organization`;
}
