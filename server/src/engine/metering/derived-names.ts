// Spec 20 §5.4: the names in the calculation of a derived field.

import type { Scope } from '../expression/check.ts';
import {
  type CustomFieldLevels,
  type CustomFieldName,
  customFieldOf,
  customFieldRefusal,
} from '../expression/custom-field.ts';
import type { DataField } from './fields.ts';

type Identity = 'accountCode' | 'accountId' | 'meterCode' | 'uid';
type Moment = 'ts' | 'ets' | 'receivedAt';

/** What a name in a derived field stands for. */
export type DerivedReference =
  | { readonly kind: 'field'; readonly field: DataField }
  | { readonly kind: 'customField'; readonly name: CustomFieldName }
  | { readonly kind: 'moment'; readonly moment: Moment }
  | { readonly kind: 'identity'; readonly identity: Identity };

/** The part of a meter that decides about names. */
export type MeterNames = { readonly productId: string | null; readonly dataFields: readonly DataField[] };

const FIXED: ReadonlyMap<string, DerivedReference> = new Map<string, DerivedReference>([
  ['ts', { kind: 'moment', moment: 'ts' }],
  ['ets', { kind: 'moment', moment: 'ets' }],
  ['receivedAt', { kind: 'moment', moment: 'receivedAt' }],
  ['timestamp.ts', { kind: 'moment', moment: 'ts' }],
  ['timestamp.ets', { kind: 'moment', moment: 'ets' }],
  ['timestamp.receivedAt', { kind: 'moment', moment: 'receivedAt' }],
  ['account', { kind: 'identity', identity: 'accountCode' }],
  ['account.code', { kind: 'identity', identity: 'accountCode' }],
  ['account.id', { kind: 'identity', identity: 'accountId' }],
  ['meter.code', { kind: 'identity', identity: 'meterCode' }],
  ['uid', { kind: 'identity', identity: 'uid' }],
]);

const ENTITIES: readonly string[] = ['organization', 'meter', 'account', 'product'];

/**
 * What a path stands for, or null for an unknown name. A data field goes before everything else of its
 * name; a custom field is one of the organization, the meter, the account, or of the meter's product if it
 * has one.
 */
export function derivedReference(meter: MeterNames, path: readonly string[]): DerivedReference | null {
  const field = dataFieldOf(meter, path);
  if (field) return { kind: 'field', field };
  const name = customFieldOf(path);
  if (name) return isAllowed(meter, name) ? { kind: 'customField', name } : null;
  return FIXED.get(path.join('.')) ?? null;
}

/** The field of a bare code or of `<category>.<code>`. */
function dataFieldOf(meter: MeterNames, path: readonly string[]): DataField | undefined {
  const [first = '', second] = path;
  if (path.length === 1) return meter.dataFields.find((field) => field.code === first);
  if (path.length > 2) return undefined;
  const category = first.toUpperCase();
  return meter.dataFields.find((field) => field.code === second && field.category === category);
}

function isAllowed(meter: MeterNames, { entity }: CustomFieldName): boolean {
  return ENTITIES.includes(entity) && (entity !== 'product' || meter.productId !== null);
}

/** The names that a derived field of the meter may use, for `checkExpression` when the meter is saved. */
export function derivedScope(meter: MeterNames, defaults: CustomFieldLevels['defaults']): Scope {
  const refusal = (path: readonly string[]): string | null => {
    const reference = derivedReference(meter, path);
    if (reference === null) return `unknown name ${JSON.stringify(path.join('.'))}`;
    return reference.kind === 'customField' ? customFieldRefusal(defaults, reference.name) : null;
  };
  return { refusal, allowsLookups: true, allowsNow: false };
}
