import type { Category } from '../../../engine/metering/fields.ts';
import { isNumericCategory } from '../../../engine/metering/fields.ts';
import type { UsageBreakdown } from '../../usage/index.ts';
import type { StatementFacts, StatementLayout, StatementLine, StatementMeter } from './statement-facts.ts';

/** A figure that is shown of a line. */
export type LineFigure = UsageBreakdown['figures'][number];

/** The meters whose measurements a line charges for. */
export function metersOfLine(
  { aggregations, meters }: Pick<StatementFacts, 'aggregations' | 'meters'>,
  line: StatementLine,
): readonly StatementMeter[] {
  const ids = line.usage.map((usage) => aggregations.get(usage.aggregationId)?.definition.meterId ?? '');
  return [...new Set(ids)].map((id) => meters.get(id)).filter((meter) => meter !== undefined);
}

function isNumeric({ category }: StatementMeter['fields'][number]): boolean {
  return isNumericCategory(category as Category);
}

/**
 * The figures that a definition shows of the meters (spec 40 §10.1): a measure without a name means all
 * numeric fields, without a meter every meter with that field. Text can only be counted. Each once.
 */
export function figuresOf(layout: StatementLayout, meters: readonly StatementMeter[]): LineFigure[] {
  const figures = new Map<string, LineFigure>();
  for (const { meterId, name, aggregations } of layout.measures) {
    const fields = meters
      .filter((meter) => meterId === null || meter.id === meterId)
      .flatMap((meter) => meter.fields)
      .filter((field) => (name === null ? isNumeric(field) : field.code === name));
    const wanted = fields.flatMap((field) => fieldFigures(meterId, field, aggregations));
    for (const figure of wanted) {
      const key = `${figure.fieldCode} ${figure.method}`;
      if (!figures.has(key)) figures.set(key, figure);
    }
  }
  return [...figures.values()];
}

const COUNTING = ['COUNT', 'UNIQUE'];

function fieldFigures(
  meterId: string | null,
  field: StatementMeter['fields'][number],
  methods: StatementLayout['measures'][number]['aggregations'],
): LineFigure[] {
  return methods
    .filter((method) => method !== 'CUSTOM_SQL')
    .filter((method) => isNumeric(field) || COUNTING.includes(method))
    .map((method) => ({ meterId, fieldCode: field.code, isNumeric: isNumeric(field), method }));
}

/** The dimensions of a definition that the meters have, each field once. */
export function lineDimensions(
  layout: StatementLayout,
  meters: readonly StatementMeter[],
): UsageBreakdown['dimensions'] {
  const dimensions = new Map<string, UsageBreakdown['dimensions'][number]>();
  for (const { meterId, name, filter } of layout.dimensions) {
    const isKnown = meters.some(
      (meter) =>
        (meterId === null || meter.id === meterId) &&
        meter.fields.some((field) => field.code === name && !isNumeric(field)),
    );
    if (!isKnown || dimensions.has(name)) continue;
    dimensions.set(name, { meterId, fieldCode: name, values: filter.includes('*') ? null : filter });
  }
  return [...dimensions.values()];
}

/** The dimension columns of the CSV file, in the order of the definition. */
export function dimensionColumns({ dimensions }: StatementLayout): string[] {
  return [...new Set(dimensions.map(({ name }) => name))];
}

/** The measure columns of the CSV file over all lines: fields and aggregations. */
export function measureColumns(facts: StatementFacts): { fieldCode: string; method: string }[] {
  const { layout } = facts;
  const meters = [...new Set(facts.lines.flatMap((line) => metersOfLine(facts, line)))];
  const columns = new Map<string, { fieldCode: string; method: string }>();
  for (const { fieldCode, method } of namedColumns(layout, meters)) {
    columns.set(`${fieldCode}_${method}`, { fieldCode, method });
  }
  return [...columns.values()];
}

/** A named measure has its column also where no line has the field. */
function namedColumns(layout: StatementLayout, meters: readonly StatementMeter[]) {
  return layout.measures.flatMap((measure) => {
    if (measure.name === null) return figuresOf({ ...layout, measures: [measure] }, meters);
    const fieldCode = measure.name;
    return measure.aggregations
      .filter((method) => method !== 'CUSTOM_SQL')
      .map((method) => ({ fieldCode, method }));
  });
}
