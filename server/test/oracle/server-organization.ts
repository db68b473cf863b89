import { expect } from 'vitest';
import { created, type Made } from '../support/configured.ts';
import type { TestServer } from '../support/stores.ts';
import { ingest } from '../support/usage.ts';
import { segmentMap } from './engine-facts.ts';
import type * as plain from './organization.ts';
import { the } from './organization.ts';
import { createCredit } from './server-credit.ts';
import { bandsBody, moment, type Names } from './server-names.ts';

/**
 * Builds the organization through the API; `prefix` keeps its codes apart from those of others. Answers the
 * ids that the server gave, by kind and name, such as `account acme`.
 */
export async function createOrganization(
  server: TestServer,
  organization: plain.Organization,
  prefix: string,
): Promise<Names> {
  const names: Map<string, Made> = new Map();
  const make = async (name: string, path: string, body: object) => {
    names.set(name, await created(server, path, body));
  };
  const id = (name: string) => names.get(name)?.id;
  const world: Names = { server, organization, prefix, make, id, names };
  await configure(world);
  for (const { id: name } of organization.products)
    await make(`product ${name}`, '/products', { name, code: `${prefix}${name}` });
  await createAccounts(world);
  await createMetrics(world);
  await createPlans(world);
  await createPrices(world);
  await createCredit(world);
  await submitUses(world);
  return world;
}

async function configure({ server, organization }: Names): Promise<void> {
  for (const currency of organization.currencies) await putCurrency(server, currency);
  const { body } = await server.request('GET', '/organizationconfig');
  const config = {
    ...(body as object),
    timezone: organization.zone,
    dayEpoch: organization.epochs.DAILY.toString(),
    weekEpoch: organization.epochs.WEEKLY.toString(),
    monthEpoch: organization.epochs.MONTHLY.toString(),
    yearEpoch: organization.epochs.ANNUALLY.toString(),
    currency: organization.currency,
    currencyConversions: organization.rates.map(({ from, to, by }) => ({ from, to, multiplier: Number(by) })),
    standingChargeBillInAdvance: organization.advance.standing,
    minimumSpendBillInAdvance: organization.advance.minimum,
    commitmentFeeBillInAdvance: organization.advance.fee,
    consolidateBills: organization.consolidate,
    creditApplicationOrder: organization.order,
    allowNegativeBalances: organization.overdraft,
  };
  const answer = await server.request('PUT', '/organizationconfig', config);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
}

async function putCurrency(server: TestServer, currency: plain.Currency): Promise<void> {
  const { body } = await server.request('GET', `/picklists/currency?codes=${currency.code}`);
  const [known] = (body as { data: readonly Made[] }).data;
  const fields = {
    name: currency.code,
    code: currency.code,
    maxDecimalPlaces: currency.places,
    roundingMode: currency.rounding,
  };
  if (known === undefined) {
    await created(server, '/picklists/currency', fields);
    return;
  }
  const answer = await server.request('PUT', `/picklists/currency/${known.id}`, {
    ...fields,
    version: known.version,
  });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
}

async function createAccounts({ organization, prefix, make, id }: Names): Promise<void> {
  for (const account of organization.accounts) {
    await make(`account ${account.id}`, '/accounts', {
      name: account.id,
      code: `${prefix}${account.id}`,
      emailAddress: 'billing@acme.example',
      ...(account.parent && { parentAccountId: id(`account ${account.parent}`) }),
      ...(account.epoch && { billEpoch: account.epoch.toString() }),
      ...(account.currency && { currency: account.currency }),
      ...(account.order && { creditApplicationOrder: account.order }),
    });
  }
}

async function createMetrics({ organization, prefix, make, id }: Names): Promise<void> {
  for (const metric of organization.metrics) {
    const dimensions = metric.fields.map((code) => ({ category: 'WHERE', code, name: code }));
    const measure = { category: 'MEASURE', code: 'value', name: 'Value', unit: metric.unit };
    await make(`meter ${metric.id}`, '/meters', {
      name: metric.id,
      code: `${prefix}${metric.id}`,
      dataFields: [measure, ...dimensions],
      derivedFields: [],
    });
    await make(`metric ${metric.id}`, '/aggregations', {
      name: metric.id,
      meterId: id(`meter ${metric.id}`),
      targetField: 'value',
      aggregation: metric.method,
      quantityPerUnit: Number(metric.per),
      rounding: metric.rounding,
      unit: metric.unit,
      ...(metric.default && { defaultValue: Number(metric.default) }),
      ...(metric.fields.length > 0 && {
        segmentedFields: metric.fields,
        segments: metric.segments.map((segment) => segmentMap(metric.fields, segment)),
      }),
    });
  }
}

function termsBody(terms: plain.Terms) {
  return {
    ...(terms.standing && { standingCharge: Number(terms.standing) }),
    ...(terms.standingAdvance !== null && { standingChargeBillInAdvance: terms.standingAdvance }),
    ...(terms.minimum && { minimumSpend: Number(terms.minimum) }),
    ...(terms.minimumAdvance !== null && { minimumSpendBillInAdvance: terms.minimumAdvance }),
  };
}

async function createGroup({ make, id }: Names, group: plain.Group): Promise<void> {
  const { id: name, currency } = group;
  await make(`group ${name}`, '/plangroups', { ...termsBody(group), name, currency });
  for (const plan of group.plans)
    await make(`link ${name} ${plan}`, '/plangrouplinks', {
      planGroupId: id(`group ${name}`),
      planId: id(`plan ${plan}`),
    });
}

async function createContract({ make, id }: Names, contract: plain.Contract): Promise<void> {
  const { key } = contract;
  if (key !== null)
    await make(`key ${key}`, '/picklists/billgroupingkeys', { name: key, exclusive: contract.exclusive });
  await make(`contract ${contract.id}`, '/contracts', {
    accountId: id(`account ${contract.account}`),
    name: contract.id,
    startDate: contract.from.toString(),
    endDate: contract.to.toString(),
    applyContractPeriodLimits: contract.limits,
    ...(key !== null && { billGroupingKeyId: id(`key ${key}`) }),
  });
}

async function createPlans(world: Names): Promise<void> {
  const { organization, prefix, make, id } = world;
  for (const template of organization.templates)
    await make(`template ${template.id}`, '/plantemplates', {
      standingCharge: 0,
      ...termsBody(template),
      name: template.id,
      productId: id(`product ${template.product}`),
      currency: template.currency,
      billFrequency: template.every,
      billFrequencyInterval: template.interval,
      standingChargeInterval: template.standingInterval,
      standingChargeOffset: template.standingOffset,
    });
  for (const plan of organization.plans)
    await make(`plan ${plan.id}`, '/plans', {
      ...termsBody(plan),
      name: plan.id,
      code: `${prefix}${plan.id}`,
      planTemplateId: id(`template ${plan.template}`),
    });
  for (const group of organization.groups) await createGroup(world, group);
  for (const contract of organization.contracts) await createContract(world, contract);
  for (const row of organization.attachments)
    await make(`attachment ${row.id}`, '/accountplans', {
      accountId: id(`account ${row.account}`),
      ...(row.group ? { planGroupId: id(`group ${row.group}`) } : { planId: id(`plan ${row.plan}`) }),
      startDate: moment(row.from),
      ...(row.contract && { contractId: id(`contract ${row.contract}`) }),
      childBillingMode: row.mode,
      ...(row.to && { endDate: moment(row.to) }),
      ...(row.epoch && { billEpoch: row.epoch.toString() }),
    });
}

async function createPrices(world: Names): Promise<void> {
  const { organization, make, id, prefix } = world;
  for (const price of organization.prices) await createPrice(world, price);
  for (const counter of organization.counters) {
    const body = { name: counter.id, code: `${prefix}${counter.id}`, unit: counter.unit };
    await make(`counter ${counter.id}`, '/counters', body);
  }
  for (const price of organization.counterPrices)
    await make(`counterprice ${price.id}`, '/counterpricings', {
      planId: id(`plan ${price.plan}`),
      counterId: id(`counter ${price.counter}`),
      startDate: moment(price.from),
      ...(price.to && { endDate: moment(price.to) }),
      cumulative: price.tiered,
      pricingBands: bandsBody(price.bands),
      runningTotalBillInAdvance: price.advance,
      proRateRunningTotal: price.prorateTotal,
      proRateAdjustmentDebit: price.prorateDebit,
      proRateAdjustmentCredit: price.prorateCredit,
    });
  for (const [i, row] of organization.adjustments.entries())
    await make(`adjustment ${i}`, '/counteradjustments', {
      accountId: id(`account ${row.account}`),
      counterId: id(`counter ${row.counter}`),
      date: row.date.toString(),
      value: Number(row.value),
    });
}

async function createPrice({ organization, make, id }: Names, price: plain.Price): Promise<void> {
  const { fields } = the(organization.metrics, price.metric);
  await make(`price ${price.id}`, '/pricings', {
    planId: id(`plan ${price.plan}`),
    aggregationId: id(`metric ${price.metric}`),
    startDate: moment(price.from),
    ...(price.to && { endDate: moment(price.to) }),
    ...(price.segment && { segment: segmentMap(fields, price.segment) }),
    type: price.type,
    cumulative: price.tiered,
    tiersSpanPlan: price.span,
    pricingBands: bandsBody(price.bands),
    overagePricingBands: bandsBody(price.overage),
    minimumSpend: Number(price.minimum),
    ...(price.minimumAdvance !== null && { minimumSpendBillInAdvance: price.minimumAdvance }),
  });
}

async function submitUses({ server, organization, prefix }: Names): Promise<void> {
  const measurements = organization.uses.map((use, i) => ({
    uid: `${prefix}${i}`,
    meter: `${prefix}${use.metric}`,
    account: `${prefix}${use.account}`,
    ts: moment(use.at),
    measure: { value: Number(use.value) },
    where: use.where,
  }));
  if (measurements.length > 0) await ingest(server, measurements);
}
