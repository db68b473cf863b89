import { decimal } from '../../src/kernel/decimal.ts';
import { type Instant, Temporal } from '../../src/kernel/time.ts';
import type { Row } from './given.ts';
import type * as plain from './organization.ts';
import { bandsOf, countOf, dateOf, flagOf, listOf, momentOf, numberOf, textOf } from './read-field.ts';

const DAY = Temporal.PlainDate;
const NEVER_BEFORE = '2000-01-01';

/** What the rows describe. Product `core` and metric `calls` are always there, `acme` without accounts. */
export function organizationOf(rows: readonly Row[]): plain.Organization {
  const config = rows.find((row) => row.kind === 'org') ?? { kind: 'org', id: '', fields: {} };
  const zone = textOf(config, 'timezone') ?? 'UTC';
  const of = <T>(kind: string, read: (row: Row, zone: string) => T): T[] =>
    rows.filter((row) => row.kind === kind).map((row) => read(row, zone));
  const and = <T extends { readonly id: string }>(found: readonly T[], usual: T) =>
    found.some((one) => one.id === usual.id) ? found : [usual, ...found];
  const accounts = of('account', accountOf);
  return {
    zone,
    currency: textOf(config, 'currency') ?? 'USD',
    epochs: {
      DAILY: dateOf(config, 'day') ?? DAY.from('2022-01-01'),
      WEEKLY: dateOf(config, 'week') ?? DAY.from('2022-01-04'),
      MONTHLY: dateOf(config, 'month') ?? DAY.from('2022-01-01'),
      ANNUALLY: dateOf(config, 'year') ?? DAY.from('2022-01-01'),
    },
    advance: {
      standing: flagOf(config, 'standing.advance') ?? false,
      minimum: flagOf(config, 'minimum.advance') ?? false,
      fee: flagOf(config, 'fee.advance') ?? false,
    },
    consolidate: flagOf(config, 'consolidate') ?? false,
    order: listOf(config, 'order').length > 0 ? listOf(config, 'order') : ['PREPAYMENT', 'BALANCE'],
    overdraft: flagOf(config, 'overdraft') ?? false,
    currencies: of('currency', currencyOf),
    rates: of('rate', rateOf),
    products: and(of('product', productOf), { id: 'core', name: 'core' }),
    accounts: accounts.length > 0 ? accounts : [accountOf({ kind: 'account', id: 'acme', fields: {} })],
    contracts: of('contract', contractOf),
    metrics: and(of('metric', metricOf), metricOf({ kind: 'metric', id: 'calls', fields: {} })),
    uses: of('use', useOf),
    templates: [...of('template', templateOf), ...ownTemplates(rows)],
    plans: of('plan', planOf),
    groups: of('group', groupOf),
    prices: of('price', priceOf),
    counters: of('counter', (row) => ({ id: row.id, unit: textOf(row, 'unit') ?? 'seat' })),
    counterPrices: of('counterprice', counterPriceOf),
    adjustments: of('adjust', adjustmentOf),
    attachments: of('attach', attachmentOf),
    commitments: of('commitment', commitmentOf),
    balances: of('balance', balanceOf),
    transactions: of('transaction', transactionOf),
    charges: of('charge', chargeOf),
    lockedUntil: of('lock', (row) => DAY.from(row.id)).at(-1) ?? null,
  };
}

function currencyOf(row: Row): plain.Currency {
  const places = Number.parseInt(textOf(row, 'places') ?? '2', 10);
  return { code: row.id, places, rounding: textOf(row, 'rounding') ?? 'HALF_UP' };
}

function rateOf(row: Row): plain.Rate {
  const [from = '', to = ''] = row.id.split('>');
  return { from, to, by: numberOf(row, 'by') ?? decimal(1) };
}

function productOf(row: Row): plain.Product {
  return { id: row.id, name: row.id };
}

function accountOf(row: Row): plain.Account {
  return {
    id: row.id,
    parent: textOf(row, 'parent'),
    epoch: dateOf(row, 'epoch'),
    currency: textOf(row, 'currency'),
    order: textOf(row, 'order') === null ? null : listOf(row, 'order'),
  };
}

function contractOf(row: Row): plain.Contract {
  return {
    id: row.id,
    account: textOf(row, 'account') ?? 'acme',
    from: dateOf(row, 'from') ?? DAY.from('2024-01-01'),
    to: dateOf(row, 'to') ?? DAY.from('2030-01-01'),
    limits: flagOf(row, 'limits') ?? false,
    key: textOf(row, 'key'),
    exclusive: flagOf(row, 'exclusive') ?? false,
  };
}

function metricOf(row: Row): plain.Metric {
  return {
    id: row.id,
    method: textOf(row, 'method') ?? 'SUM',
    per: numberOf(row, 'per') ?? decimal(1),
    rounding: textOf(row, 'rounding') ?? 'NONE',
    unit: textOf(row, 'unit') ?? 'u',
    default: numberOf(row, 'default'),
    fields: listOf(row, 'fields'),
    segments: listOf(row, 'segments').map((text) => text.split('/')),
  };
}

function useOf(row: Row, zone: string): plain.Use {
  const { account = 'acme', metric = 'calls', value = '0', ...where } = row.fields;
  return { account, metric, at: momentOf(row.id, zone), value: decimal(value), where };
}

function termsOf(row: Row): plain.Terms {
  return {
    standing: numberOf(row, 'standing'),
    standingAdvance: flagOf(row, 'standing.advance'),
    minimum: numberOf(row, 'minimum'),
    minimumAdvance: flagOf(row, 'minimum.advance'),
  };
}

function templateOf(row: Row): plain.Template {
  return {
    ...termsOf(row),
    id: row.id,
    product: textOf(row, 'product') ?? 'core',
    currency: textOf(row, 'currency') ?? 'USD',
    every: (textOf(row, 'every') ?? 'MONTHLY') as plain.Frequency,
    interval: countOf(row, 'interval'),
    standingInterval: countOf(row, 'standing.interval'),
    standingOffset: Number.parseInt(textOf(row, 'standing.offset') ?? '0', 10),
  };
}

/** A plan that names no template has one of its own that carries all its terms. */
function ownTemplates(rows: readonly Row[]): readonly plain.Template[] {
  return rows.filter((row) => row.kind === 'plan' && textOf(row, 'template') === null).map(templateOf);
}

function planOf(row: Row): plain.Plan {
  const template = textOf(row, 'template');
  const own = template === null ? { ...row, fields: {} } : row;
  return { ...termsOf(own), id: row.id, template: template ?? row.id };
}

function groupOf(row: Row): plain.Group {
  const currency = textOf(row, 'currency') ?? 'USD';
  return { ...termsOf(row), id: row.id, currency, plans: listOf(row, 'plans') };
}

type Dated = { readonly from: Instant; readonly to: Instant | null };

function datedOf(row: Row, zone: string): Dated {
  const to = textOf(row, 'to');
  return {
    from: momentOf(textOf(row, 'from') ?? NEVER_BEFORE, zone),
    to: to === null ? null : momentOf(to, zone),
  };
}

function ownerOf(row: Row) {
  const template = textOf(row, 'template');
  return { plan: template === null ? (textOf(row, 'plan') ?? 'pro') : null, template };
}

function priceOf(row: Row, zone: string): plain.Price {
  const segment = textOf(row, 'segment');
  return {
    ...ownerOf(row),
    ...datedOf(row, zone),
    id: row.id,
    metric: textOf(row, 'metric') ?? 'calls',
    segment: segment === null ? null : segment.split('/'),
    type: textOf(row, 'type') ?? 'DEBIT',
    tiered: flagOf(row, 'tiered') ?? true,
    span: flagOf(row, 'span') ?? false,
    bands: bandsOf(row, 'bands'),
    overage: bandsOf(row, 'overage'),
    minimum: numberOf(row, 'minimum') ?? decimal(0),
    minimumAdvance: flagOf(row, 'minimum.advance'),
  };
}

function counterPriceOf(row: Row, zone: string): plain.CounterPrice {
  return {
    ...ownerOf(row),
    ...datedOf(row, zone),
    id: row.id,
    counter: textOf(row, 'counter') ?? 'seats',
    tiered: flagOf(row, 'tiered') ?? true,
    bands: bandsOf(row, 'bands'),
    advance: flagOf(row, 'advance') ?? true,
    prorateTotal: flagOf(row, 'prorate.total') ?? true,
    prorateDebit: flagOf(row, 'prorate.debit') ?? true,
    prorateCredit: flagOf(row, 'prorate.credit') ?? true,
  };
}

function adjustmentOf(row: Row): plain.Adjustment {
  return {
    account: textOf(row, 'account') ?? 'acme',
    counter: textOf(row, 'counter') ?? 'seats',
    date: DAY.from(row.id),
    value: numberOf(row, 'value') ?? decimal(0),
  };
}

function attachmentOf(row: Row, zone: string): plain.Attachment {
  const group = textOf(row, 'group');
  return {
    ...datedOf(row, zone),
    id: row.id,
    account: textOf(row, 'account') ?? 'acme',
    plan: group === null ? (textOf(row, 'plan') ?? 'pro') : null,
    group,
    epoch: dateOf(row, 'epoch'),
    contract: textOf(row, 'contract'),
    mode: (textOf(row, 'mode') ?? 'PARENT_BREAKDOWN') as plain.Mode,
  };
}

function scopeOf(row: Row) {
  return {
    id: row.id,
    account: textOf(row, 'account') ?? 'acme',
    currency: textOf(row, 'currency') ?? 'USD',
    products: listOf(row, 'products'),
    types: listOf(row, 'types'),
    contract: textOf(row, 'contract'),
    surcharge: numberOf(row, 'surcharge'),
  };
}

function commitmentOf(row: Row): plain.Commitment {
  return {
    ...scopeOf(row),
    amount: numberOf(row, 'amount') ?? decimal(0),
    prepaid: numberOf(row, 'prepaid') ?? decimal(0),
    first: numberOf(row, 'first'),
    from: dateOf(row, 'from') ?? DAY.from('2024-01-01'),
    to: dateOf(row, 'to') ?? DAY.from('2025-01-01'),
    plan: textOf(row, 'plan'),
    interval: countOf(row, 'interval'),
    offset: Number.parseInt(textOf(row, 'offset') ?? '0', 10),
    epoch: dateOf(row, 'epoch'),
    advance: flagOf(row, 'advance'),
    fees: listOf(row, 'fees').map(feeDateOf),
    separate: flagOf(row, 'separate') ?? false,
    mode: (textOf(row, 'mode') ?? 'PARENT_BREAKDOWN') as plain.Mode,
  };
}

function feeDateOf(text: string): plain.FeeDate {
  const [date = '', amount = '', from = date, to = date] = text.split(':');
  return { date: DAY.from(date), amount: decimal(amount), from: DAY.from(from), to: DAY.from(to) };
}

function balanceOf(row: Row, zone: string): plain.Balance {
  const moment = (name: string) => {
    const text = textOf(row, name);
    return text === null ? null : momentOf(text, zone);
  };
  return {
    ...scopeOf(row),
    from: moment('from') ?? momentOf('2024-01-01', zone),
    to: moment('to') ?? momentOf('2025-01-01', zone),
    rolloverTo: moment('rollover.to'),
    rolloverAmount: numberOf(row, 'rollover.amount'),
    overdraft: flagOf(row, 'overdraft'),
  };
}

function transactionOf(row: Row): plain.Transaction {
  const balance = textOf(row, 'balance') ?? 'wallet';
  return { id: row.id, balance, amount: numberOf(row, 'amount') ?? decimal(0) };
}

function chargeOf(row: Row, zone: string): plain.Charge {
  const moment = (name: string) => momentOf(textOf(row, name) ?? textOf(row, 'date') ?? '', zone);
  return {
    id: row.id,
    account: textOf(row, 'account') ?? 'acme',
    type: textOf(row, 'balance') === null ? 'AD_HOC' : 'BALANCE_FEE',
    balance: textOf(row, 'balance'),
    currency: textOf(row, 'currency') ?? 'USD',
    amount: numberOf(row, 'amount'),
    units: numberOf(row, 'units'),
    price: numberOf(row, 'price'),
    from: moment('from'),
    to: moment('to'),
    date: dateOf(row, 'date') ?? DAY.from('2024-06-01'),
    contract: textOf(row, 'contract'),
    product: textOf(row, 'product'),
  };
}
