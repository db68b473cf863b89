import type { ErrorCode } from './errors.ts';

/** When a code is answered and what its receiver can do: the text of the references. */
type Explained = { readonly when: string; readonly what: string };

/** Every error code in words (docs/api/errors.md and `/docs` say the same). */
export const ERROR_CODES: { readonly [code in ErrorCode]: Explained } = {
  MALFORMED_JSON: {
    when: 'The body is no JSON, has a number out of range, or nests too deep.',
    what: 'Correct the body. The message says where reading ended.',
  },
  VALIDATION_FAILED: {
    when: 'A field, a query parameter or a header is missing, of the wrong kind or out of its limits.',
    what: 'Correct every field that `errors` names.',
  },
  VERSION_REQUIRED: {
    when: 'An update has no `version`.',
    what: 'Read the entity and send its `version` along.',
  },
  VERSION_MISMATCH: {
    when: 'The `version` of an update is not the stored one: somebody else was faster.',
    what: 'Read the entity again, repeat the change on it, and send its new `version`.',
  },
  DUPLICATE_CODE: {
    when: 'Another entity has this `code` already.',
    what: 'Choose another code, or use the entity that has it.',
  },
  DUPLICATE: {
    when: 'The same combination of fields exists already.',
    what: 'Change one of the fields that `errors` names, or use what exists.',
  },
  BREAKS_CONFIGURATION: {
    when: 'Other configuration would no longer work, such as an aggregation whose field is taken away.',
    what: 'Change or delete what the message names first.',
  },
  REFERENCE_NOT_FOUND: {
    when: 'An id or a code in the body names nothing in this organization.',
    what: 'Send the id of something that exists.',
  },
  ENTITY_IN_USE: {
    when: 'What is to be deleted is referred to by something else.',
    what: 'Delete or change what the message names first.',
  },
  INVALID_NEXT_TOKEN: {
    when: '`nextToken` is older than a day, or belongs to another list or other filters.',
    what: 'Start again with the first page.',
  },
  IMMUTABLE_FIELD: {
    when: 'An update changes a field that stays as it was created.',
    what: 'Send the stored value, or create another entity.',
  },
  BILL_LOCKED: {
    when: 'The bill that would be changed is locked.',
    what: 'Nothing can change a locked bill; correct it on a later one.',
  },
  ILLEGAL_STATE: {
    when: 'What is asked for is not possible in the present state.',
    what: 'Read the entity and do what its state allows.',
  },
  INVALID_REQUEST: {
    when: 'A request for a token has no `grant_type`.',
    what: 'Send `grant_type=client_credentials`.',
  },
  UNSUPPORTED_GRANT_TYPE: {
    when: 'A request for a token has another `grant_type` than `client_credentials`.',
    what: 'Send `grant_type=client_credentials`.',
  },
  INVALID_CLIENT: {
    when: 'The access key or its secret is wrong, or the key is inactive.',
    what: 'Check both. After 20 failures in 15 minutes, further attempts have to wait.',
  },
  NOT_ALLOWED: {
    when: 'A password may not be sent again by this caller.',
    what: 'Ask an administrator.',
  },
  UNAUTHORIZED: {
    when: 'There is no bearer token, or it has expired or is not one of ours.',
    what: 'Ask for a new token.',
  },
  FORBIDDEN: {
    when: 'The token belongs to another organization, or lacks the permission that the message names.',
    what: 'Use another token, or ask an administrator for the permission.',
  },
  PAYLOAD_TOO_LARGE: {
    when: 'The body has 512 000 bytes or more.',
    what: 'Send several smaller requests, or upload a file.',
  },
  NOT_FOUND: {
    when: 'There is nothing with the id in the path, or no such path.',
    what: 'Check the path and the id.',
  },
  RESPONSE_TOO_LARGE: {
    when: 'The answer would be too large.',
    what: 'Ask for less at once: a shorter time, fewer groups.',
  },
  TOO_MANY_REQUESTS: {
    when: 'A rate limit is reached, or too many jobs are unfinished.',
    what: 'Send it again after the seconds of the header `Retry-After`.',
  },
  INTERNAL: {
    when: 'Something failed on our side.',
    what: 'Send it again later, unless the header `x-should-retry` is false. Report the `X-Request-Id`.',
  },
  BAD_GATEWAY: {
    when: 'A store or a service behind us cannot be reached.',
    what: 'Send it again later.',
  },
  TIMEOUT: {
    when: 'The work took too long, or another request with this `Idempotency-Key` is still in work.',
    what: 'Send it again later.',
  },
};
