import type { CheckScope } from '../../api/resource-spec.ts';
import { writeJson } from '../../kernel/json.ts';
import type { Row } from '../../store/database.ts';
import type { Envelope } from '../../store/entity-store.ts';
import { recordEvents } from '../../store/outbox.ts';
import type { PricingBand } from './pricing-bands.ts';

type Banded = Envelope & {
  readonly orgId: string;
  readonly type: string;
  readonly pricingBands: readonly PricingBand[];
  readonly overagePricingBands: readonly PricingBand[];
};

/** The bands of a pricing as entities of their own; what is said of their change is said of the pricing. */
export function pricingBandRows(pricing: Banded): readonly Row[] {
  const { id: pricingId, version, dtCreated, dtLastModified, createdBy, lastModifiedBy, orgId } = pricing;
  const audit = { dtCreated, dtLastModified, createdBy, lastModifiedBy, orgId };
  const rowsOf = (bands: readonly PricingBand[], overage: boolean) =>
    bands.map((band) => ({ version, pricingId, type: pricing.type, overage, ...band, ...audit }));
  return [...rowsOf(pricing.pricingBands, false), ...rowsOf(pricing.overagePricingBands, true)];
}

/**
 * Raises one event for each band that a write of a pricing adds, changes or takes away (spec 60 §1.1). The
 * audit row of the pricing tells of its bands, so there is none for them.
 */
export async function recordBandChanges(
  { tx, writer }: CheckScope,
  before: Banded | null,
  after: Banded | null,
): Promise<void> {
  const old = bandsByKey(before);
  const now = bandsByKey(after);
  const events = [...new Set([...old.keys(), ...now.keys()])].flatMap((key) =>
    bandEvent(old.get(key) ?? null, now.get(key) ?? null),
  );
  await recordEvents(tx, writer, events);
}

/** Standard and overage bands may have the same ids. */
function bandsByKey(pricing: Banded | null): ReadonlyMap<string, Row> {
  const rows = pricing === null ? [] : pricingBandRows(pricing);
  return new Map(rows.map((band) => [`${band['overage']} ${band['id']}`, band]));
}

function bandEvent(oldDto: Row | null, newDto: Row | null) {
  if (oldDto && newDto && contentOf(oldDto) === contentOf(newDto)) return [];
  const verb = oldDto === null ? 'created' : newDto === null ? 'deleted' : 'updated';
  const attributes = { ...(newDto && { newDto }), ...(oldDto && { oldDto }) };
  return [{ name: `configuration.pricingband.${verb}`, attributes }];
}

const CONTENT = ['type', 'lowerLimit', 'fixedPrice', 'unitPrice', 'creditTypeId'];

function contentOf(band: Row): string {
  return writeJson(CONTENT.map((name) => band[name]));
}
