import { jsonFromBody } from '../../api/body.ts';
import { ApiError } from '../../kernel/errors.ts';

/**
 * A number literal that a double may not hold exactly: 16 digits or more, or an exponent. It looks for them
 * where a value begins, because many uids (`3e8f...`) would look like one.
 */
const DEMANDING_NUMBER = /[:,[][\s-]*\d(?:[\d.]{15}|[\d.]*[eE])/;
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

/**
 * The parsed body of a submission. Most bodies have short numbers only and take the platform's parser, whose
 * numbers then stand for their exact text; the others keep all digits as Decimals. A text that holds what
 * looks like such a number sends a body the slow way too, which is only slower. So do attributes that nobody
 * looks at later: they too must not nest without end, or hold what cannot be stored. Throws MALFORMED_JSON
 * and VALIDATION_FAILED.
 */
export function submissionFromText(text: string): unknown {
  if (DEMANDING_NUMBER.test(text) || DEMANDING_TEXT.test(text)) return jsonFromBody(text);
  const value = plainJson(text);
  return isPlain(value) ? value : jsonFromBody(text);
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
