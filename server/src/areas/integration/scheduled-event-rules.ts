import type { FieldError } from '../../kernel/errors.ts';
import { ENTITY_EVENT_FIELDS } from './event-fields.ts';

/** `scheduled.<entity>.<own part>`. */
export const SCHEDULED_NAME = /^scheduled\.[a-z]+\.[A-Za-z0-9_-]{1,80}$/;

const PERIOD = ['startDate', 'endDate'];
const SERVICE_PERIOD = ['servicePeriodStartDate', 'servicePeriodEndDate'];

/** Dates of entities, by entity in lower case, that an event can be scheduled by (spec 60 §4). */
const DATE_FIELDS: { readonly [entity: string]: readonly string[] } = {
  bill: [
    ...PERIOD,
    'billDate',
    'dueDate',
    'createdDate',
    'lastCalculatedDate',
    'externalInvoiceDate',
    'dtApproved',
    'dtLocked',
  ],
  contract: PERIOD,
  commitment: PERIOD,
  accountplan: PERIOD,
  balance: [...PERIOD, 'rolloverEndDate'],
  pricing: PERIOD,
  counterpricing: PERIOD,
  charge: ['billDate', ...SERVICE_PERIOD],
  scheduledbalancetransaction: [...PERIOD, 'nextRun'],
  scheduledbalancecharge: ['nextRun', ...SERVICE_PERIOD],
};

/** They raise events and have no rows of their own that could be looked through. */
const WITHOUT_DATES: readonly string[] = ['organization', 'pricingband'];

/** Dates that every other entity has. */
const ENVELOPE_DATES = ['dtCreated', 'dtLastModified'];

/** Event names without their verb, by the entity in lower case: `bill` → `billing.bill`. */
const EVENT_OF_ENTITY: ReadonlyMap<string, string> = new Map(
  Object.keys(ENTITY_EVENT_FIELDS).map((event) => [event.slice(event.indexOf('.') + 1), event]),
);

/** Every entity that events can be scheduled by, in lower case, with the names of its dates. */
export function schedulableDates(): readonly (readonly [entity: string, fields: readonly string[]])[] {
  const entities = [...EVENT_OF_ENTITY.keys()].filter((entity) => !WITHOUT_DATES.includes(entity));
  return entities.map((entity) => [entity, datesOf(entity)]);
}

function datesOf(entity: string): readonly string[] {
  return [...(DATE_FIELDS[entity] ?? []), ...ENVELOPE_DATES];
}

/**
 * The name, without its verb, of the events that an entity raises: `billing.bill` for `Bill`; null for none.
 */
export function eventOfEntity(entity: string): string | null {
  return EVENT_OF_ENTITY.get(entity.toLowerCase()) ?? null;
}

/** What is wrong with the entity, the field or the name of a scheduled event; null when they go together. */
export function scheduledEventError(given: {
  readonly name: string;
  readonly entity: string;
  readonly field: string;
}): FieldError | null {
  const entity = given.entity.toLowerCase();
  if (!EVENT_OF_ENTITY.has(entity) || WITHOUT_DATES.includes(entity)) {
    return { field: 'entity', message: 'is no entity whose dates can schedule events' };
  }
  const fields = datesOf(entity);
  if (!fields.includes(given.field)) {
    return { field: 'field', message: `must be a date of ${given.entity}: ${fields.join(', ')}` };
  }
  if (given.name.split('.')[1] === entity) return null;
  return { field: 'name', message: `must begin with scheduled.${entity}.` };
}
