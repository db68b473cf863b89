/**
 * Every `code` that an answer can carry, with its HTTP status (spec 10 §9). The one registry of error codes.
 */
export const ERROR_STATUS = {
  MALFORMED_JSON: 400,
  VALIDATION_FAILED: 400,
  VERSION_REQUIRED: 400,
  VERSION_MISMATCH: 400,
  DUPLICATE_CODE: 400,
  DUPLICATE: 400,
  BREAKS_CONFIGURATION: 400,
  REFERENCE_NOT_FOUND: 400,
  ENTITY_IN_USE: 400,
  INVALID_NEXT_TOKEN: 400,
  IMMUTABLE_FIELD: 400,
  BILL_LOCKED: 400,
  ILLEGAL_STATE: 400,
  INVALID_REQUEST: 400,
  UNSUPPORTED_GRANT_TYPE: 400,
  INVALID_CLIENT: 401,
  NOT_ALLOWED: 401,
  UNAUTHORIZED: 403,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 403,
  NOT_FOUND: 404,
  RESPONSE_TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  INTERNAL: 500,
  BAD_GATEWAY: 502,
  TIMEOUT: 504,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;
export type FieldError = { readonly field: string; readonly message: string };

/**
 * A request that is refused: `code` decides the status, `errors` names the fields. Nothing has been changed.
 */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];

  constructor(code: ErrorCode, message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.errors = errors;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** What the caller is told. */
  get body(): Record<string, unknown> {
    const errors = this.errors.length > 0 ? { errors: this.errors } : {};
    return { message: this.message, code: this.code, ...errors };
  }
}

/** A request too many: the same one may be sent again after some whole seconds. */
export class RateLimited extends ApiError {
  readonly waitSeconds: number;

  constructor(message: string, waitSeconds: number) {
    super('TOO_MANY_REQUESTS', message);
    this.name = 'RateLimited';
    this.waitSeconds = waitSeconds;
  }
}

/** A refusal because of one field: the message names it and `errors` carries it. */
export function refusal(code: ErrorCode, field: string, message: string): ApiError {
  return new ApiError(code, `${field} ${message}`, [{ field, message }]);
}
