import { flag, group, oneOf, optional, reference, requestOnly, text } from '../../api/fields.ts';
import { refusal } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { type Seal, sealedText } from '../../kernel/sealed-text.ts';
import { DESTINATION_TYPES } from './credential-types.ts';

/** The key with which requests to a webhook are signed. Both parts are null when they go out unsigned. */
export type StoredCredentials = {
  readonly id: string;
  readonly type: 'M3TER_SIGNED_REQUEST';
  readonly name: string | null;
  readonly destination: (typeof DESTINATION_TYPES)[number];
  readonly apiKey: string | null;
  readonly sealedSecret: string | null;
};

/** The credentials in the body of a webhook; which parts it needs depends on what is stored. */
export function webhookCredentials() {
  const parts = {
    type: oneOf(['M3TER_SIGNED_REQUEST']),
    name: optional(text({ max: 200 })),
    destination: optional(oneOf(DESTINATION_TYPES)),
    empty: optional(flag()),
    apiKey: optional(text({ max: 1000 })),
    secret: optional(text({ max: 1000 })),
  };
  return requestOnly(group(parts), { requiredByRule: true });
}

/** What answers show of them: never the secret (spec 60 §5). */
export function shownCredentials() {
  return group({
    id: reference('WebhookCredentials'),
    type: oneOf(['M3TER_SIGNED_REQUEST']),
    name: optional(text({ max: 200 })),
    destination: oneOf(DESTINATION_TYPES),
    apiKey: optional(text({ max: 1000 })),
  });
}

type Given = {
  readonly name: string | null;
  readonly destination: (typeof DESTINATION_TYPES)[number] | null;
  readonly empty: boolean | null;
  readonly apiKey: string | null;
  readonly secret: string | null;
};

/**
 * What is stored of the credentials in a body. A client cannot send back a secret that it is never shown, so
 * an update with `empty`, or with the stored key and no secret, keeps both; on create `empty` means that
 * requests are not signed; otherwise key and secret are required (spec 60 §5).
 */
export function storedCredentials(
  given: Given | null,
  before: StoredCredentials | null,
  seal: Seal,
): StoredCredentials {
  if (given === null) throw refusal('VALIDATION_FAILED', 'credentials', 'is required');
  const label = { name: given.name, destination: given.destination ?? 'WEBHOOK' };
  if (before && keepsSecret(given, before)) return { ...before, ...label };
  const fresh = { id: newId(), type: 'M3TER_SIGNED_REQUEST', ...label } as const;
  if (given.empty) return { ...fresh, apiKey: null, sealedSecret: null };
  const { apiKey, secret } = given;
  if (apiKey === null) throw refusal('VALIDATION_FAILED', 'credentials.apiKey', 'is required');
  if (secret === null) throw refusal('VALIDATION_FAILED', 'credentials.secret', 'is required');
  return { ...fresh, apiKey, sealedSecret: sealedText(secret, seal) };
}

function keepsSecret(given: Given, before: StoredCredentials): boolean {
  if (given.empty) return true;
  return given.secret === null && given.apiKey !== null && given.apiKey === before.apiKey;
}
