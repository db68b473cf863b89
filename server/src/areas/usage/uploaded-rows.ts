import { checkRow } from '../../engine/metering/check-submission.ts';
import { ApiError, type FieldError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import { FileFault, type Piece } from '../../ports/files/text-lines.ts';
import { submissionFromText } from './submission-json.ts';

/** A row that is no measurement: why, and its text as it stands in the file. */
export type FailedRow = {
  readonly number: number;
  readonly type: 'MissingField' | 'InvalidMeasurement';
  readonly errors: readonly FieldError[];
  /** Null when it was too large to be read. */
  readonly text: string | null;
};

/** Rows of a file after the checks of a submission, which each passes or fails by itself. */
export type CheckedRows = {
  readonly receivedAt: Instant;
  readonly valid: readonly { readonly number: number; readonly text: string }[];
  readonly failed: readonly FailedRow[];
};

/** Spec 20 §9: the checks of §7.3 for each row. Throws FileFault when a row is not JSON at all. */
export function checkedRows(pieces: readonly Piece[], now: Instant): CheckedRows {
  const valid: { number: number; text: string }[] = [];
  const failed: FailedRow[] = [];
  for (const { number, text } of pieces) {
    const fault = text === null ? TOO_LARGE : rowFault(text, now, number);
    if (fault) failed.push({ number, text, ...fault });
    else if (text !== null) valid.push({ number, text });
  }
  return { receivedAt: now, valid, failed };
}

type RowFault = Pick<FailedRow, 'type' | 'errors'>;

const TOO_LARGE: RowFault = {
  type: 'InvalidMeasurement',
  errors: [{ field: '', message: 'is larger than 512,000 bytes' }],
};

/** The row is read inside of a submission, as enrichment will read it again. */
function rowFault(text: string, now: Instant, number: number): RowFault | null {
  mustBeJson(text, number);
  try {
    const body = submissionFromText(`{"measurements":[${text}]}`);
    const [row] = (body as { readonly measurements: readonly unknown[] }).measurements;
    const check = checkRow(row, now);
    return check.kind === 'valid' ? null : check;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const errors = error.errors.length > 0 ? error.errors : [{ field: '', message: error.message }];
    return { type: 'InvalidMeasurement', errors: errors.map(ofRow) };
  }
}

function ofRow({ field, message }: FieldError): FieldError {
  return { field: field.replace(/^measurements\[0\]\.?/, ''), message };
}

function mustBeJson(text: string, number: number): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new FileFault(`row ${number} is not valid JSON`, { cause: error });
  }
}
