/**
 * The demo company sells AI inference: tokens by model, fine-tuning by the GPU hour and vector storage. Names
 * stand for ids: `@inference` is the id of the entity called inference. Entities are created in the order of
 * the lists.
 */
export const CATALOG: readonly { path: string; entities: Readonly<Record<string, object>> }[] = [
  {
    path: '/picklists/currency',
    entities: { euro: { name: 'Euro', code: 'EUR', maxDecimalPlaces: 2, roundingMode: 'HALF_UP' } },
  },
  {
    path: '/products',
    entities: {
      inference: { name: 'Inference', code: 'inference' },
      tuning: { name: 'Fine-tuning', code: 'fine-tuning' },
      storage: { name: 'Vector storage', code: 'vector-storage' },
    },
  },
  {
    path: '/meters',
    entities: {
      completions: {
        name: 'Completions',
        code: 'completions',
        productId: '@inference',
        dataFields: [
          { category: 'WHAT', code: 'model', name: 'Model' },
          { category: 'WHERE', code: 'region', name: 'Region' },
          { category: 'MEASURE', code: 'input_tokens', name: 'Input tokens', unit: 'token' },
          { category: 'MEASURE', code: 'output_tokens', name: 'Output tokens', unit: 'token' },
        ],
        derivedFields: [
          {
            category: 'MEASURE',
            code: 'kilotokens',
            name: 'Thousand tokens',
            unit: 'ktoken',
            calculation: '(input_tokens + 3 * output_tokens) / 1000',
          },
        ],
      },
      training: {
        name: 'Training',
        code: 'training',
        productId: '@tuning',
        dataFields: [
          { category: 'WHAT', code: 'job', name: 'Job' },
          { category: 'MEASURE', code: 'gpu_seconds', name: 'GPU seconds', unit: 's' },
        ],
        derivedFields: [
          {
            category: 'MEASURE',
            code: 'gpu_hours',
            name: 'GPU hours',
            unit: 'h',
            calculation: 'gpu_seconds / 3600',
          },
        ],
      },
      vectors: {
        name: 'Vectors',
        code: 'vectors',
        productId: '@storage',
        dataFields: [{ category: 'MEASURE', code: 'gigabytes', name: 'Gigabytes', unit: 'GB' }],
        derivedFields: [],
      },
    },
  },
  {
    path: '/aggregations',
    entities: {
      tokens: {
        name: 'Tokens',
        code: 'tokens',
        meterId: '@completions',
        targetField: 'kilotokens',
        aggregation: 'SUM',
        quantityPerUnit: 1,
        rounding: 'UP',
        unit: 'thousand tokens',
        segmentedFields: ['model'],
        segments: [{ model: 'atlas-large' }, { model: '*' }],
      },
      requests: {
        name: 'Requests',
        code: 'requests',
        meterId: '@completions',
        targetField: 'input_tokens',
        aggregation: 'COUNT',
        quantityPerUnit: 1000,
        rounding: 'UP',
        unit: 'thousand requests',
      },
      gpuHours: {
        name: 'GPU hours',
        code: 'gpu_hours',
        meterId: '@training',
        targetField: 'gpu_hours',
        aggregation: 'SUM',
        quantityPerUnit: 1,
        rounding: 'NONE',
        unit: 'GPU hours',
      },
      peakStorage: {
        name: 'Peak storage',
        code: 'peak_storage',
        meterId: '@vectors',
        targetField: 'gigabytes',
        aggregation: 'MAX',
        quantityPerUnit: 1,
        rounding: 'UP',
        unit: 'GB',
      },
    },
  },
  {
    path: '/plantemplates',
    entities: {
      inferenceMonthly: {
        name: 'Inference, monthly',
        code: 'inference-monthly',
        productId: '@inference',
        currency: 'USD',
        standingCharge: 0,
        billFrequency: 'MONTHLY',
      },
      tuningMonthly: {
        name: 'Fine-tuning, monthly',
        code: 'tuning-monthly',
        productId: '@tuning',
        currency: 'USD',
        standingCharge: 25,
        standingChargeDescription: 'Fine-tuning workspace',
        billFrequency: 'MONTHLY',
      },
      storageMonthly: {
        name: 'Vector storage, monthly',
        code: 'storage-monthly',
        productId: '@storage',
        currency: 'USD',
        standingCharge: 0,
        billFrequency: 'MONTHLY',
      },
    },
  },
  {
    path: '/plans',
    entities: {
      payAsYouGo: {
        name: 'Pay as you go',
        code: 'pay-as-you-go',
        planTemplateId: '@inferenceMonthly',
        minimumSpend: 20,
      },
      scale: {
        name: 'Scale',
        code: 'scale',
        planTemplateId: '@inferenceMonthly',
        standingCharge: 490,
        standingChargeDescription: 'Scale plan',
        minimumSpend: 1500,
      },
      tune: { name: 'Tune', code: 'tune', planTemplateId: '@tuningMonthly' },
      vault: { name: 'Vault', code: 'vault', planTemplateId: '@storageMonthly' },
    },
  },
  {
    path: '/pricings',
    entities: {
      payLarge: price(['@payAsYouGo', '@tokens'], [[0, 0, 0.012]], { segment: { model: 'atlas-large' } }),
      payOther: price(['@payAsYouGo', '@tokens'], [[0, 0, 0.0025]], { segment: { model: '*' } }),
      scaleLarge: price(
        ['@scale', '@tokens'],
        [
          [0, 0, 0.011],
          [100_000, 0, 0.0095],
          [500_000, 0, 0.008],
        ],
        { segment: { model: 'atlas-large' }, cumulative: true },
      ),
      scaleOther: price(
        ['@scale', '@tokens'],
        [
          [0, 0, 0.0022],
          [500_000, 0, 0.0018],
        ],
        { segment: { model: '*' }, cumulative: true },
      ),
      scaleRequests: price(
        ['@scale', '@requests'],
        [
          [0, 0, 0.4],
          [10, 0, 0.3],
        ],
      ),
      tuneHours: price(
        ['@tune', '@gpuHours'],
        [
          [0, 0, 2.4],
          [200, 0, 1.95],
        ],
        { cumulative: true },
      ),
      vaultStorage: price(
        ['@vault', '@peakStorage'],
        [
          [0, 15, 0],
          [50, 60, 0],
          [500, 60, 0.1],
        ],
      ),
    },
  },
];

type BandRow = readonly [lowerLimit: number, fixedPrice: number, unitPrice: number];

function price(
  target: readonly [planId: string, aggregationId: string],
  bands: readonly BandRow[],
  rest: object = {},
): object {
  const [planId, aggregationId] = target;
  const pricingBands = bands.map(([lowerLimit, fixedPrice, unitPrice]) => ({
    lowerLimit,
    fixedPrice,
    unitPrice,
  }));
  return { planId, aggregationId, startDate: '2026-01-01T00:00:00Z', pricingBands, ...rest };
}

/** Size is the number of completions in a busy hour; zero plans means that the parent's plans pay. */
export type DemoAccount = {
  readonly code: string;
  readonly name: string;
  readonly plans: readonly string[];
  readonly size: number;
  readonly startDate?: string;
  readonly currency?: string;
  readonly parent?: string;
};

/** Twelve companies; Northwind pays for its two subsidiaries in one block. */
export const ACCOUNTS: readonly DemoAccount[] = [
  { code: 'northwind', name: 'Northwind Group', plans: ['scale', 'vault'], size: 14 },
  { code: 'northwind-labs', name: 'Northwind Labs', plans: [], size: 16, parent: 'northwind' },
  { code: 'northwind-retail', name: 'Northwind Retail', plans: [], size: 10, parent: 'northwind' },
  { code: 'acme-robotics', name: 'Acme Robotics', plans: ['scale', 'tune'], size: 22 },
  { code: 'birchbank', name: 'Birch Bank', plans: ['scale', 'vault'], size: 18, currency: 'EUR' },
  { code: 'cloudberry', name: 'Cloudberry Health', plans: ['scale'], size: 12 },
  { code: 'dunelight', name: 'Dunelight Studio', plans: ['payAsYouGo', 'tune'], size: 8 },
  { code: 'elmcourt', name: 'Elm Court Legal', plans: ['payAsYouGo'], size: 6 },
  { code: 'ferrous', name: 'Ferrous Metals', plans: ['payAsYouGo', 'vault'], size: 5 },
  {
    code: 'glasswing',
    name: 'Glasswing Travel',
    plans: ['payAsYouGo'],
    size: 9,
    startDate: '2026-09-15T00:00:00Z',
  },
  { code: 'harbourline', name: 'Harbour Line Freight', plans: ['payAsYouGo', 'tune', 'vault'], size: 7 },
  { code: 'ivory-tower', name: 'Ivory Tower Press', plans: ['payAsYouGo'], size: 1 },
];
