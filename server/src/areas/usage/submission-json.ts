import { jsonFromBody } from '../../api/body.ts';
import { ApiError } from '../../kernel/errors.ts';

/** In each number literal that a double may not hold exactly are 16 digits, or an exponent below -99. */
const MAYBE_DEMANDING = [new RegExp('[\\d.]'.repeat(16)), /[eE]-\d{3}/];
/** Such a literal. It looks for them where a value begins, because many uids would look like one. */
const DEMANDING_NUMBER = /[:,[][\s-]*\d(?:[\d.]{15}|[\d.]*[eE]-\d{3})/;
/** An escaped NUL or surrogate: texts that cannot be stored hold one, and a few others. */
const DEMANDING_TEXT = /\\u(?:0000|[dD][89a-fA-F])/;

/** What a submission is made of (spec 20 §7.1). */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  'uid',
  'meter',
  'account',
  'ts',
  'ets',
  'who',
  'what',
  'where',
  'other',
  'metadata',
  'measure',
  'cost',
  'income',
]);

/** A parsed body, and whether the platform's parser is enough to read it again. */
export type ParsedSubmission = { readonly body: unknown; readonly isPlain: boolean };

/**
 * The parsed body of a submission. Most bodies have short numbers only and take the platform's parser, whose
 * numbers then stand for their exact text; the others keep all digits as Decimals. A text that holds what
 * looks like such a number sends a body the slow way too, which is only slower. So do attributes that nobody
 * looks at later: they too must not nest without end, or hold what cannot be stored. Throws MALFORMED_JSON
 * and VALIDATION_FAILED.
 */
export function parsedSubmission(text: string): ParsedSubmission {
  if (!isDemanding(text)) {
    const body = plainJson(text);
    if (isPlain(body)) return { body, isPlain: true };
  }
  return { body: jsonFromBody(text), isPlain: false };
}

/** As `parsedSubmission`, without more. */
export function submissionFromText(text: string): unknown {
  return parsedSubmission(text).body;
}

function isDemanding(text: string): boolean {
  if (DEMANDING_TEXT.test(text)) return true;
  return MAYBE_DEMANDING.some((part) => part.test(text)) && DEMANDING_NUMBER.test(text);
}

function plainJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw new ApiError('MALFORMED_JSON', `the body is not valid JSON: ${reason}`);
  }
}

/** Whether nothing is in the body but the attributes of measurements. */
function isPlain(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return true;
  for (const name in body) if (name !== 'measurements') return false;
  const { measurements } = body as { readonly measurements?: unknown };
  return !Array.isArray(measurements) || measurements.every(hasKnownAttributes);
}

function hasKnownAttributes(measurement: unknown): boolean {
  if (typeof measurement !== 'object' || measurement === null) return true;
  for (const name in measurement) if (!ATTRIBUTES.has(name)) return false;
  return true;
}
