import { assigned, dateTime, integer, oneOf, reference, text } from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import type { Row } from '../../store/database.ts';

export const LOOKUP_FILE_TYPES = ['application/jsonl', 'text/csv'] as const;
export type LookupFileType = (typeof LOOKUP_FILE_TYPES)[number];

const jobFields = {
  lookupTableId: assigned(reference('LookupTable'), null),
  lookupTableRevisionId: assigned(reference('LookupTableRevision'), null),
  destinationLookupTableRevisionId: assigned(reference('LookupTableRevision'), null),
  type: assigned(oneOf(['COPY', 'UPLOAD', 'DOWNLOAD', 'ARCHIVE']), null),
  status: assigned(oneOf(['PENDING', 'FAILED', 'SUCCEEDED']), 'PENDING'),
  fileName: assigned(text({ max: 100 }), null),
  contentType: assigned(oneOf(LOOKUP_FILE_TYPES), null, { hidden: true }),
  contentLength: assigned(integer(), null, { hidden: true }),
  itemsVersion: assigned(integer(), null, { hidden: true }),
  linkEnds: assigned(dateTime(), null, { hidden: true }),
  failureReason: assigned(text({ max: 1000 }), null),
  downloadEnds: assigned(dateTime(), null, { hidden: true }),
};

export type LookupTableJob = EntityOf<typeof jobFields>;

/** Work on the rows of a revision that goes on in the background (spec 20 §15.5). */
export const lookupTableJob = declaredResource({
  name: 'LookupTableRevisionDataJob',
  path: 'lookuptables/{lookupTableId}/revisions/{lookupTableRevisionId}/data/jobs',
  summary: 'a job on the items of a lookup table revision',
  table: 'lookup_table_job',
  permission: 'config:lookuptable',
  event: null,
  maxPageSize: 100,
  fields: jobFields,
  example: {},
});

/** Where the file of a job is kept. */
export function lookupFileKey({ orgId, id }: Pick<LookupTableJob, 'orgId' | 'id'>): string {
  return `${orgId}/lookup-tables/jobs/${id}`;
}

/** Where the rows of an archived revision are kept in a form. */
export function archivedFileKey(
  { orgId, revisionId }: { readonly orgId: string; readonly revisionId: string },
  contentType: LookupFileType,
): string {
  return `${orgId}/lookup-tables/archived/${revisionId}.${fileEnding(contentType)}`;
}

export function fileEnding(contentType: LookupFileType): string {
  return contentType === 'text/csv' ? 'csv' : 'jsonl';
}

/** The values of a new job on a revision, as they are stored. */
export function newLookupJob(
  revision: { readonly id: string; readonly lookupTableId: string },
  values: Row,
): Row {
  return {
    lookupTableId: revision.lookupTableId,
    lookupTableRevisionId: revision.id,
    status: 'PENDING',
    ...values,
  };
}
