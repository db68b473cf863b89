/** The types that fields of events have, as calculations see them (spec 60 §1.6). */
export type EventFieldType = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'map' | 'array';

/** Names of fields by type, parted by spaces. */
type FieldTable = { readonly [type in EventFieldType]?: string };

/** What the event of an entity carries besides its id and custom fields, by event name without its verb. */
export const ENTITY_EVENT_FIELDS: { readonly [event: string]: FieldTable } = {
  'billing.balance': {
    string:
      'accountId accountCode name code description currency startDate endDate rolloverEndDate ' +
      'contractId balanceDrawDownDescription overageDescription consumptionsAccountingProductId ' +
      'feesAccountingProductId',
    double: 'amount rolloverAmount overageSurchargePercent',
    boolean: 'allowOverdraft',
    array: 'productIds lineItemTypes',
  },
  'billing.balanceamount': {
    string:
      'accountId accountCode name code description currency startDate endDate rolloverEndDate ' +
      'contractId balanceDrawDownDescription overageDescription consumptionsAccountingProductId ' +
      'feesAccountingProductId',
    double: 'amount rolloverAmount overageSurchargePercent',
    boolean: 'allowOverdraft',
    array: 'productIds lineItemTypes',
  },
  'billing.bill': {
    string:
      'accountId accountCode status billDate dueDate startDate endDate startDateTimeUTC ' +
      'endDateTimeUTC createdDate lastCalculatedDate billingFrequency currency timezone ' +
      'billJobId externalInvoiceDate externalInvoiceReference sequentialInvoiceNumber ' +
      'purchaseOrderNumber approvedBy dtApproved lockedBy dtLocked',
    int: 'billFrequencyInterval',
    double: 'billTotal',
    boolean: 'locked statementStale csvStatementGenerated jsonStatementGenerated',
    array: 'currencyConversions lineItems',
  },
  'billing.billconfig': {
    string: 'billLockDate',
  },
  'billing.billjob': {
    string:
      'billDate dueDate lastDateInBillingPeriod billingFrequency externalInvoiceDate status ' +
      'type targetCurrency timezone dayEpoch weekEpoch monthEpoch yearEpoch',
    int: 'billFrequencyInterval',
    long: 'pending total',
    array: 'accountIds billIds currencyConversions',
  },
  'billing.charge': {
    string:
      'accountId name code description notes entityType entityId lineItemType currency ' +
      'contractId billDate billId scheduleId servicePeriodStartDate servicePeriodEndDate ' +
      'accountingProductId',
    double: 'amount units unitPrice',
  },
  'billing.counteradjustment': {
    string: 'accountId counterId date purchaseOrderNumber',
    int: 'value',
  },
  'billing.scheduledbalancecharge': {
    string:
      'balanceId name code chargeDescription currency billEpoch billFrequency nextRun ' +
      'previousRun servicePeriodStartDate servicePeriodEndDate',
    int: 'billFrequencyInterval',
    double: 'amount units unitPrice',
    boolean: 'billInAdvance',
  },
  'billing.scheduledbalancetransaction': {
    string:
      'balanceId name code transactionDescription transactionTypeId currencyPaid frequency ' +
      'startDate endDate nextRun previousRun',
    int: 'frequencyInterval',
    double: 'amount paid',
  },
  'billing.statementjob': {
    string:
      'billId statementJobStatus csvStatementStatus jsonStatementStatus ' +
      'presignedCsvStatementUrl presignedJsonStatementUrl',
    boolean: 'includeCsvFormat',
  },
  'configuration.account': {
    string:
      'name code emailAddress currency parentAccountId billEpoch purchaseOrderNumber ' +
      'statementDefinitionId autoGenerateStatementMode',
    int: 'daysBeforeBillDue',
    map: 'address',
    array: 'creditApplicationOrder',
  },
  'configuration.accountplan': {
    string:
      'accountId planId planGroupId productId contractId code startDate endDate billEpoch ' +
      'childBillingMode',
  },
  'configuration.aggregation': {
    string: 'name code meterId targetField aggregation rounding unit customSql accountingProductId',
    double: 'quantityPerUnit defaultValue',
    array: 'segmentedFields segments',
  },
  'configuration.alert': {
    string: 'type severity status description entityType entityId',
  },
  'configuration.commitment': {
    string:
      'accountId accountCode currency startDate endDate contractId billEpoch billingPlanId ' +
      'accountingProductId feesAccountingProductId drawdownsAccountingProductId ' +
      'childBillingMode commitmentFeeDescription commitmentUsageDescription overageDescription',
    int: 'billingInterval billingOffset',
    double: 'amount amountFirstBill amountPrePaid amountSpent overageSurchargePercent',
    boolean: 'commitmentFeeBillInAdvance separateOverageUsage',
    array: 'feeDates productIds lineItemTypes',
  },
  'configuration.compoundaggregation': {
    string: 'name code productId calculation rounding unit accountingProductId',
    double: 'quantityPerUnit',
    boolean: 'evaluateNullAggregations',
    array: 'segments',
  },
  'configuration.contract': {
    string: 'accountId name code description startDate endDate purchaseOrderNumber billGroupingKeyId',
    boolean: 'applyContractPeriodLimits',
    array: 'usageFilters',
  },
  'configuration.counter': {
    string: 'name code productId unit',
  },
  'configuration.counterpricing': {
    string: 'counterId planId planTemplateId code description startDate endDate accountingProductId',
    boolean:
      'cumulative proRateAdjustmentCredit proRateAdjustmentDebit proRateRunningTotal ' +
      'runningTotalBillInAdvance',
    array: 'pricingBands',
  },
  'configuration.creditreason': {
    string: 'name code',
    boolean: 'archived',
  },
  'configuration.customfield': {
    map:
      'account accountPlan aggregation compoundAggregation contract meter organization plan ' +
      'planTemplate product',
  },
  'configuration.meter': {
    string: 'name code productId groupId',
    array: 'dataFields derivedFields',
  },
  'configuration.metergroup': {
    string: 'name',
  },
  'configuration.organization': {
    string:
      'organizationName shortName type status customerId addressLine1 addressLine2 addressLine3 ' +
      'addressLine4 locality region postCode country taxId purchaseOrderNumber ' +
      'invoiceGeneralReference billingContactUserId1 billingContactUserId2 ' +
      'billingContactUserId3',
  },
  'configuration.organizationconfig': {
    string:
      'currency timezone dayEpoch weekEpoch monthEpoch yearEpoch billPrefix externalInvoiceDate ' +
      'autoGenerateStatementMode autoApproveBillsGracePeriodUnit defaultStatementDefinitionId',
    int: 'daysBeforeBillDue autoApproveBillsGracePeriod scheduledBillOffset sequenceStartNumber',
    double: 'scheduledBillInterval',
    boolean:
      'allowNegativeBalances allowOverlappingPlans commitmentFeeBillInAdvance consolidateBills ' +
      'minimumSpendBillInAdvance standingChargeBillInAdvance suppressedEmptyBills',
    array: 'currencyConversions creditApplicationOrder',
  },
  'configuration.plan': {
    string:
      'name code planTemplateId productId accountId standingChargeDescription ' +
      'standingChargeAccountingProductId minimumSpendDescription ' +
      'minimumSpendAccountingProductId',
    long: 'ordinal',
    double: 'standingCharge minimumSpend',
    boolean: 'bespoke standingChargeBillInAdvance minimumSpendBillInAdvance',
  },
  'configuration.plangroup': {
    string:
      'name code accountId currency standingChargeDescription standingChargeAccountingProductId ' +
      'minimumSpendDescription minimumSpendAccountingProductId',
    double: 'standingCharge minimumSpend',
    boolean: 'standingChargeBillInAdvance minimumSpendBillInAdvance',
  },
  'configuration.plangrouplink': {
    string: 'planGroupId planId',
  },
  'configuration.plantemplate': {
    string:
      'name code productId currency billFrequency standingChargeDescription ' + 'minimumSpendDescription',
    int: 'billFrequencyInterval standingChargeInterval standingChargeOffset',
    long: 'ordinal',
    double: 'standingCharge minimumSpend',
    boolean: 'standingChargeBillInAdvance minimumSpendBillInAdvance',
  },
  'configuration.pricing': {
    string:
      'planId planTemplateId aggregationId compoundAggregationId aggregationType type code ' +
      'description startDate endDate segmentString minimumSpendDescription accountingProductId',
    double: 'minimumSpend',
    boolean: 'cumulative tiersSpanPlan minimumSpendBillInAdvance',
    map: 'segment',
    array: 'pricingBands overagePricingBands',
  },
  'configuration.pricingband': {
    string: 'pricingId type creditTypeId',
    double: 'lowerLimit fixedPrice unitPrice',
  },
  'configuration.product': {
    string: 'name code',
  },
  'configuration.transactiontype': {
    string: 'name code',
    boolean: 'archived',
  },
};

const INTEGRATION_ERROR: FieldTable = {
  string:
    'integrationRunId integrationConfigId integrationConfigName destination destinationId ' +
    'entityType entityId accountId accountCode externalSystem error runUrl',
};

/** Events that are not the change of one entity, with what lies directly in their payload (spec 60 §1.5). */
export const SINGLE_EVENT_FIELDS: { readonly [event: string]: FieldTable } = {
  'dataexport.job.failure': {
    string: 'jobId scheduleId scheduleName sourceType error',
    array: 'destinationIds',
  },
  'ingest.validation.failure': {
    string: 'type message meterCode accountCode accountId uid ts receivedAt getDownloadUrl',
    array: 'fields',
  },
  'integration.authentication.error': INTEGRATION_ERROR,
  'integration.disabled.error': INTEGRATION_ERROR,
  'integration.missingaccountmapping.error': INTEGRATION_ERROR,
  'integration.perform.error': INTEGRATION_ERROR,
  'integration.validation.error': INTEGRATION_ERROR,
};
