import { jsonFromBody } from '../../api/body.ts';
import { ApiError } from '../../kernel/errors.ts';

/** A number literal that a double may not hold exactly: 16 digits or more, or an exponent. */
const DEMANDING_NUMBER = /\d[\d.]{15,}|\d[eE][+-]?\d/;

/**
 * The parsed body of a submission. Most bodies have short numbers only and take the platform's parser, whose
 * numbers then stand for their exact text; the others keep all digits as Decimals. A long digit run inside text
 * sends a body the slow way too, which is only slower. Throws MALFORMED_JSON.
 */
export function submissionFromText(text: string): unknown {
  if (DEMANDING_NUMBER.test(text)) return jsonFromBody(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'unreadable';
    throw new ApiError('MALFORMED_JSON', `the body is not valid JSON: ${reason}`);
  }
}
