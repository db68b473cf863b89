import type { Chance } from './chance.ts';

/** What a random organization is made of: lines as `given.ts` reads them. */
export type Parts = { readonly lines: readonly string[] };

export type PlanChoice = {
  readonly id: string;
  readonly product: string;
  readonly currency: string;
  readonly every: string;
};

/** Amounts with awkward decimals. */
export function amount(chance: Chance, most: number): string {
  return `${chance.int(1, most)}.${chance.pick(['00', '50', '99', '37', '05'])}`;
}

export function unitPrice(chance: Chance): string {
  return chance.pick(['0.01', '0.10', '0.125', '1', '2.5', '0.00037', '0.3333', '7']);
}

/** Bands `lower:fixed:unit`, the first at 0 or, now and then, above. */
export function bandsText(chance: Chance, hasFixed: boolean): string {
  const count = chance.int(1, 3);
  let lower = chance.oneIn(8) ? 5 : 0;
  const bands: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const fixed = hasFixed && chance.oneIn(2) ? String(chance.int(0, 30)) : '0';
    bands.push(`${lower}:${fixed}:${unitPrice(chance)}`);
    lower += chance.pick([10, 25, 100, 250]);
  }
  return bands.join(',');
}

function flag(chance: Chance, name: string): string {
  return chance.oneIn(3) ? ` ${name}=${chance.pick(['true', 'false'])}` : '';
}

export function metricLines(): readonly string[] {
  return [
    'metric calls method=SUM unit=call',
    'metric packs method=SUM per=250 rounding=UP unit=pack',
    'metric halves method=SUM per=3 rounding=NEAREST default=0 unit=half',
    'metric peak method=MAX unit=seat',
    'metric hits method=COUNT unit=hit',
    'metric mean method=MEAN unit=load',
    'metric gauge method=LATEST default=4 unit=gb',
    'metric traffic method=SUM unit=gb fields=region,tier segments=eu/gold,eu/*,*/gold,*/*',
  ];
}

export const METRICS = ['calls', 'packs', 'halves', 'peak', 'hits', 'mean', 'gauge'];

/** A plan with its pricings and counter pricings. */
export function planLines(chance: Chance, plan: PlanChoice): readonly string[] {
  const { id, product, currency, every } = plan;
  const interval = {
    DAILY: chance.int(9, 20),
    WEEKLY: chance.int(1, 3),
    MONTHLY: chance.pick([1, 1, 1, 2, 3]),
  };
  const standing = chance.oneIn(4)
    ? ''
    : ` standing=${amount(chance, 400)}${flag(chance, 'standing.advance')}`;
  const rhythm = chance.oneIn(4) ? ` standing.interval=2 standing.offset=${chance.int(0, 2)}` : '';
  const minimum = chance.oneIn(2) ? ` minimum=${amount(chance, 300)}${flag(chance, 'minimum.advance')}` : '';
  const cycle = `every=${every} interval=${interval[every as 'DAILY'] ?? 1}`;
  const head = `plan ${id} product=${product} currency=${currency} ${cycle}${standing}${rhythm}${minimum}`;
  const metrics = METRICS.filter(() => chance.oneIn(4));
  return [
    head,
    ...metrics.flatMap((metric) => priceLines(chance, id, metric)),
    ...(chance.oneIn(3) ? trafficLines(chance, id) : []),
    ...(chance.oneIn(2) ? counterLine(chance, id) : []),
    ...(chance.oneIn(4) ? creditLine(chance, id) : []),
  ];
}

function priceLines(chance: Chance, plan: string, metric: string): readonly string[] {
  const tiered = chance.pick(['true', 'true', 'false']);
  const span = chance.oneIn(4) ? ' span=true' : '';
  const minimum = chance.oneIn(5) ? ` minimum=${amount(chance, 60)}${flag(chance, 'minimum.advance')}` : '';
  const hasOverage = tiered === 'true' && span === '' && chance.oneIn(4);
  const overage = hasOverage ? ` overage=${bandsText(chance, chance.oneIn(2))}` : '';
  const terms = `plan=${plan} metric=${metric} tiered=${tiered}${span}${minimum}${overage}`;
  const bands = () => `bands=${bandsText(chance, !hasOverage || chance.oneIn(2))}`;
  const first = `price ${plan}-${metric} ${terms} ${bands()}`;
  if (!chance.oneIn(3)) return [first];
  // The price changes on a day, or at an hour, inside a period; the old one ends or is superseded.
  const change = `2024-0${chance.int(2, 5)}-${chance.pick(['11', '20T13:30', '01'])}`;
  const ends = chance.oneIn(2) ? ` to=${change}` : '';
  return [`${first}${ends}`, `price ${plan}-${metric}-2 ${terms} from=${change} ${bands()}`];
}

const CYCLES_OF_RIGHT = ['MONTHLY', 'MONTHLY', 'MONTHLY interval=2', 'WEEKLY interval=5'];

/** Two plans of two products in a group with terms of its own. */
export function groupLines(chance: Chance): readonly string[] {
  const terms = () => ` standing=${amount(chance, 90)} minimum=${amount(chance, 200)}`;
  const flags = ['standing.advance', 'minimum.advance'].map((name) => flag(chance, name)).join('');
  return [
    `plan left product=core every=MONTHLY${chance.oneIn(2) ? terms() : ''}`,
    `plan right product=extra every=${chance.pick(CYCLES_OF_RIGHT)}${chance.oneIn(2) ? terms() : ''}`,
    ...priceLines(chance, 'left', 'calls'),
    ...priceLines(chance, 'right', 'peak'),
    `group bundle plans=left,right${terms()}${flags}`,
  ];
}

function trafficLines(chance: Chance, plan: string): readonly string[] {
  const segments = ['eu/gold', 'eu/*', '*/gold', '*/*'].filter(() => !chance.oneIn(3));
  return segments.map((segment, i) => {
    const bands = bandsText(chance, false);
    return `price ${plan}-traffic-${i} plan=${plan} metric=traffic segment=${segment} bands=${bands}`;
  });
}

function counterLine(chance: Chance, plan: string): readonly string[] {
  const flags = ['advance', 'prorate.total', 'prorate.debit', 'prorate.credit'];
  const chosen = flags.map((name) => (chance.oneIn(3) ? ` ${name}=false` : '')).join('');
  const bands = bandsText(chance, chance.oneIn(3));
  return [`counterprice ${plan}-seats plan=${plan} counter=seats tiered=true${chosen} bands=${bands}`];
}

/** Nothing but a real credit: the credit pricing of another metric than the usual ones. */
function creditLine(chance: Chance, plan: string): readonly string[] {
  const type = chance.pick(['PRODUCT_CREDIT', 'GLOBAL_CREDIT']);
  const metric = chance.pick(['calls', 'hits']);
  return [`price ${plan}-credit plan=${plan} metric=${metric} type=${type} bands=0:0:${unitPrice(chance)}`];
}
