import { ENTITY_EVENT_FIELDS, type EventFieldType, SINGLE_EVENT_FIELDS } from './event-fields.ts';

const VERBS = ['created', 'updated', 'deleted'] as const;

/** The names of all events that the product raises by itself, in alphabetical order (spec 60 §1.3). */
export function eventNames(): readonly string[] {
  const changes = Object.keys(ENTITY_EVENT_FIELDS).flatMap((entity) =>
    VERBS.map((verb) => `${entity}.${verb}`),
  );
  return [...changes, ...Object.keys(SINGLE_EVENT_FIELDS)].sort();
}

/**
 * The fields that a calculation may use on events of this name, with their types: `new.` for what an entity
 * has become, `old.` for what it was, bare names for events that are no change of an entity (spec 60 §1.6).
 * Null when there is no such event.
 */
export function eventFields(eventName: string): ReadonlyMap<string, EventFieldType> | null {
  const single = Object.hasOwn(SINGLE_EVENT_FIELDS, eventName) ? SINGLE_EVENT_FIELDS[eventName] : undefined;
  if (single) {
    const bare = fieldsIn(single);
    return new Map([...bare, ...prefixed('new', bare)]);
  }
  const dot = eventName.lastIndexOf('.');
  const [entity, verb] = [eventName.slice(0, dot), eventName.slice(dot + 1)];
  const table = Object.hasOwn(ENTITY_EVENT_FIELDS, entity) ? ENTITY_EVENT_FIELDS[entity] : undefined;
  if (!table || !(VERBS as readonly string[]).includes(verb)) return null;
  const own = new Map<string, EventFieldType>([
    ['id', 'string'],
    ['customFields', 'map'],
    ...fieldsIn(table),
  ]);
  if (own.has('accountId')) own.set('accountCode', 'string');
  const after = verb === 'deleted' ? [] : prefixed('new', [...own]);
  const before = verb === 'created' ? [] : prefixed('old', [...own]);
  return new Map([...after, ...before]);
}

function fieldsIn(table: { readonly [type in EventFieldType]?: string }): [string, EventFieldType][] {
  return Object.entries(table).flatMap(([type, names]) =>
    names.split(' ').map((field): [string, EventFieldType] => [field, type as EventFieldType]),
  );
}

function prefixed(prefix: string, fields: readonly [string, EventFieldType][]): [string, EventFieldType][] {
  return fields.map(([field, type]) => [`${prefix}.${field}`, type]);
}
