import { code, name, oneOf, optional, text, withDefault } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { EntityOf, Values } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

const fields = {
  name: name(),
  code: code(),
  destinationType: optional(oneOf(['S3', 'GCS'])),
  bucketName: text({
    min: 3,
    max: 63,
    pattern: /^[\w.-]+$/,
    says: 'must be letters, digits, dots, hyphens and underscores',
  }),
  prefix: optional(text({ max: 700 })),
  partitionOrder: withDefault(oneOf(['TYPE_FIRST', 'TIME_FIRST']), 'TIME_FIRST'),
  iamRoleArn: optional(
    text({ max: 2048, pattern: /^arn:aws:iam::\d+:role\/.*$/, says: 'must be the ARN of an IAM role' }),
  ),
  projectNumber: optional(text()),
  poolId: optional(text()),
  providerId: optional(text()),
  serviceAccountEmail: optional(text({ max: 254 })),
};

export type ExportDestination = EntityOf<typeof fields>;

/** A bucket of the organization's own that export files are written to (spec 60 §8.1). */
export const exportDestination = defineResource({
  name: 'ExportDestination',
  path: 'dataexports/destinations',
  summary: 'an export destination',
  table: 'export_destination',
  permission: 'config:exportdestination',
  event: null,
  maxPageSize: 200,
  fields,
  filters: { ids: anyId('id') },
  immutable: ['destinationType'],
  example: {
    name: 'Warehouse',
    code: 'warehouse',
    bucketName: 'acme-exports',
    iamRoleArn: 'arn:aws:iam::123456789012:role/exports',
  },
  ids: {
    create: 'PostDestination',
    list: 'ListDestinations',
    get: 'GetExportDestination',
    update: 'PutDestination',
    delete: 'DeleteDestination',
  },
  complete: (values) => ({ ...values, ...ownFields(values) }),
});

const S3_FIELDS = ['iamRoleArn'] as const;
const GCS_FIELDS = ['projectNumber', 'poolId', 'providerId'] as const;

/** The fields of the one type; those of the other are not kept. Throws for a missing one. */
function ownFields(values: Values<typeof fields>): Partial<Values<typeof fields>> {
  const destinationType = values.destinationType ?? typeFromFields(values);
  for (const field of destinationType === 'S3' ? S3_FIELDS : GCS_FIELDS) {
    if (values[field] === null) throw refusal('VALIDATION_FAILED', field, 'is required');
  }
  return destinationType === 'S3'
    ? { destinationType, projectNumber: null, poolId: null, providerId: null, serviceAccountEmail: null }
    : { destinationType, iamRoleArn: null };
}

/** Spec 60 §8.1: a body without a type is known by its fields. */
function typeFromFields({ iamRoleArn, poolId }: Values<typeof fields>): 'S3' | 'GCS' {
  if (iamRoleArn !== null) return 'S3';
  if (poolId !== null) return 'GCS';
  throw refusal('VALIDATION_FAILED', 'destinationType', 'is required, or iamRoleArn or poolId');
}
