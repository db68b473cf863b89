import { sql } from 'kysely';
import { assigned, dateTime, flag, integer, oneOf, text } from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import type { Row } from '../../store/database.ts';

const GIBIBYTE = 1_073_741_824;
/** How long the file may begin to be sent. */
const LINK = { minutes: 1 };
export const UPLOAD_STATUSES = ['notUploaded', 'running', 'failed', 'succeeded'] as const;

const uploadFields = {
  fileName: text({ max: 100 }),
  contentType: oneOf(['application/json', 'text/json']),
  contentLength: integer({ min: 1, max: GIBIBYTE }),
  status: assigned(oneOf(UPLOAD_STATUSES), 'notUploaded'),
  linkEnds: assigned(dateTime(), null, { hidden: true }),
  totalRows: assigned(integer(), 0),
  processedRows: assigned(integer(), 0),
  failedRows: assigned(integer(), 0),
  isRead: assigned(flag(), false, { hidden: true }),
  failureReason: assigned(text({ max: 1000 }), null),
};

export type MeasurementUpload = EntityOf<typeof uploadFields>;

/** A file of measurements and how far it has been read (spec 20 §9). Its operations are written by hand. */
export const measurementUpload = declaredResource({
  name: 'MeasurementUpload',
  path: 'fileuploads/measurements/jobs',
  summary: 'a file upload job',
  table: 'measurement_upload',
  permission: 'measurements:fileupload',
  event: null,
  maxPageSize: 100,
  fields: uploadFields,
  computed: { uploadDate: { schema: dateTime(), sql: sql`measurement_upload.dt_created` } },
  example: { fileName: 'usage.json', contentType: 'application/json', contentLength: 100 },
  complete: (values, _before, { now }) => ({ ...values, linkEnds: now.add(LINK) }),
  answer: uploadAnswer,
});

/** The job as the API shows it; rows that are counted twice while they are read are not. */
function uploadAnswer(upload: MeasurementUpload): Row {
  const { orgId: _, linkEnds: _linkEnds, isRead: _isRead, contentType: _type, ...shown } = upload;
  return shown;
}

/** Where the file of an upload is kept. */
export function uploadFileKey({ orgId, id }: { readonly orgId: string; readonly id: string }): string {
  return `${orgId}/measurement-uploads/${id}`;
}
