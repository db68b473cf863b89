import {
  amount,
  date,
  flag,
  group,
  integer,
  list,
  oneOf,
  optional,
  reference,
  text,
  timezone,
  withDefault,
} from '../../api/fields.ts';
import { defineSingleton } from '../../api/singleton.ts';
import { decimal, ZERO } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import { daysBeforeBillDue, MAX_DAYS } from './days-before-bill-due.ts';
import { currencyMustBeLive } from './live-currency.ts';

const CREDIT_ORDER: ('PREPAYMENT' | 'BALANCE')[] = ['PREPAYMENT', 'BALANCE'];
const UNITS_OF_A_DAY = { MINUTES: 1440, HOURS: 24, DAYS: 1 } as const;
const SCHEDULED_BILL_INTERVALS = ['0', '0.25', '0.5', '1', '2', '3', '4', '6', '8', '12', '24'].map(decimal);

/** How often an organization bills, in what currency, zone and order: one document (spec 10 §20, 40 §2.1). */
export const organizationConfig = defineSingleton({
  name: 'OrganizationConfig',
  path: 'organizationconfig',
  summary: 'the organization configuration',
  table: 'organization_config',
  permission: 'config:organizationconfig',
  event: 'configuration.organizationconfig',
  ids: { get: 'GetOrganizationConfig', update: 'UpdateOrganizationConfig' },
  fields: {
    timezone: timezone(),
    yearEpoch: date(),
    monthEpoch: date(),
    weekEpoch: date(),
    dayEpoch: date(),
    currency: text({ max: 80 }),
    currencyConversions: withDefault(
      list(
        group({ from: text({ max: 80 }), to: text({ max: 80 }), multiplier: optional(amount({ above: 0 })) }),
      ),
      [],
    ),
    daysBeforeBillDue: daysBeforeBillDue(),
    scheduledBillInterval: withDefault(amount({ min: 0 }), ZERO),
    scheduledBillOffset: optional(integer({ min: 0, max: 23 })),
    standingChargeBillInAdvance: withDefault(flag(), false),
    commitmentFeeBillInAdvance: withDefault(flag(), false),
    minimumSpendBillInAdvance: withDefault(flag(), false),
    consolidateBills: withDefault(flag(), false),
    suppressedEmptyBills: withDefault(flag(), false),
    billPrefix: optional(text({ max: 200 })),
    sequenceStartNumber: optional(integer()),
    externalInvoiceDate: withDefault(
      oneOf(['FIRST_DAY_OF_NEXT_PERIOD', 'LAST_DAY_OF_ARREARS']),
      'FIRST_DAY_OF_NEXT_PERIOD',
    ),
    autoApproveBillsGracePeriod: optional(integer({ above: 0 })),
    autoApproveBillsGracePeriodUnit: optional(oneOf(['MINUTES', 'HOURS', 'DAYS'])),
    autoGenerateStatementMode: withDefault(oneOf(['NONE', 'JSON', 'JSON_AND_CSV']), 'NONE'),
    defaultStatementDefinitionId: optional(reference('StatementDefinition')),
    creditApplicationOrder: withDefault(list(oneOf(['PREPAYMENT', 'BALANCE'])), CREDIT_ORDER),
    allowOverlappingPlans: withDefault(flag(), false),
    allowNegativeBalances: withDefault(flag(), false),
  },
  validate: (values) => {
    const { scheduledBillInterval: interval } = values;
    if (!SCHEDULED_BILL_INTERVALS.some((allowed) => allowed.eq(interval))) {
      throw refusal(
        'VALIDATION_FAILED',
        'scheduledBillInterval',
        'must be 0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12 or 24',
      );
    }
    const { autoApproveBillsGracePeriod: grace, autoApproveBillsGracePeriodUnit: unit } = values;
    if ((grace === null) !== (unit === null)) {
      const missing = grace === null ? 'autoApproveBillsGracePeriod' : 'autoApproveBillsGracePeriodUnit';
      throw refusal('VALIDATION_FAILED', missing, 'is required when its counterpart is set');
    }
    if (grace !== null && unit !== null && grace > MAX_DAYS * UNITS_OF_A_DAY[unit]) {
      const message = `must be at most ${MAX_DAYS} days`;
      throw refusal('VALIDATION_FAILED', 'autoApproveBillsGracePeriod', message);
    }
    const order = values.creditApplicationOrder;
    if (new Set(order).size !== order.length) {
      throw refusal('VALIDATION_FAILED', 'creditApplicationOrder', 'must not name a kind twice');
    }
    // An empty list means "not set" (spec 50 §6.4).
    return order.length > 0 ? values : { ...values, creditApplicationOrder: CREDIT_ORDER };
  },
  check: async (scope, next, before) => {
    const { scheduledBillInterval: interval, scheduledBillOffset: offset } = next;
    if (offset !== null && !interval.eq(24)) {
      throw refusal('VALIDATION_FAILED', 'scheduledBillOffset', 'needs a scheduledBillInterval of 24');
    }
    if (next.currency !== before.currency) await currencyMustBeLive(scope, next.currency);
  },
  answer: ({ currencyConversions, ...shown }) => ({
    ...shown,
    // An empty list is an optional property without a value (spec 10 §2).
    ...((currencyConversions as readonly unknown[]).length > 0 && { currencyConversions }),
  }),
});
