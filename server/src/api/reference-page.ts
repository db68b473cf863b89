import { present } from '../kernel/assert.ts';
import { ERROR_CODES } from '../kernel/error-codes.ts';
import { ERROR_STATUS, type ErrorCode } from '../kernel/errors.ts';
import type { JsonSchema } from './fields.ts';
import { type Html, html, type Page } from './html.ts';
import { type FieldRow, fieldRows, limitsOf, typeOf } from './reference-fields.ts';

/** One operation of the reference: what the OpenAPI document says and what it needs. */
export type ReferenceOperation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** As in `config:update on config:plan` or `a token`. */
  readonly needs: string;
  readonly described: JsonSchema;
};

/** A place of its own for each group. */
export function hrefOfTag(tag: string): string {
  return `/docs/${encodeURIComponent(tag)}`;
}

/** The start of the reference: how to sign in, all operations by group, all error codes. */
export function indexPage(operations: readonly ReferenceOperation[]): Page {
  const tags = [...new Set(operations.map(({ tag }) => tag))].sort();
  const groups = tags.map((tag) => {
    const own = operations.filter((operation) => operation.tag === tag);
    const items = own.map(
      ({ id, summary }) => html`<li><a href="${hrefOfTag(tag)}#${id}">${summary}</a></li>`,
    );
    return html`<section><h3><a href="${hrefOfTag(tag)}">${tag}</a></h3><ul>${items}</ul></section>`;
  });
  return {
    title: 'Meterbook API reference',
    body: html`<h1>Meterbook API reference</h1>
<p>The same as a document for programs: <a href="/openapi.json">openapi.json</a>.</p>
${SIGN_IN}
<h2 id="operations">Operations</h2>
<div class="columns">${groups}</div>
<h2 id="errors">Errors</h2>
<p>Every refusal is a JSON object with <code>message</code>, <code>code</code> and, where fields are to blame,
<code>errors</code>: a list of <code>field</code> and <code>message</code>. It has changed nothing.</p>
${errorTable()}`,
  };
}

const SIGN_IN = html`<h2 id="sign-in">Sign in</h2>
<p>A program asks <code>POST /oauth/token</code> for a token, with the id of an access key and its
secret as HTTP Basic credentials and <code>grant_type=client_credentials</code> as a form or as JSON.
A token is good for five hours and goes into the header <code>Authorization: Bearer …</code> of every
request. People sign in at <code>/oauth2/authorize</code>, with an authorization code and PKCE (S256);
the public client is <code>meterbook-console</code>.</p>
<p>A <code>POST</code> may carry an <code>Idempotency-Key</code> of up to 255 characters: the same
request with the same key gets the first answer again for 24 hours. Every answer has
an <code>X-Request-Id</code>.</p>`;

function errorTable(): Html {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { when, what }]) => html`<tr><th scope="row"><code>${code}</code></th>
<td>${ERROR_STATUS[code as ErrorCode]}</td><td>${when}</td><td>${what}</td></tr>`,
  );
  return html`<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">When</th>
<th scope="col">What to do</th></tr></thead><tbody>${rows}</tbody></table>`;
}

type Schemas = { readonly [name: string]: JsonSchema };

/** One group of operations with everything that is said about them. */
export function tagPage(tag: string, operations: readonly ReferenceOperation[], schemas: Schemas): Page {
  const links = operations.map(({ id, summary }) => html`<li><a href="#${id}">${summary}</a></li>`);
  const articles = operations.map((operation) => article(operation, schemas));
  return {
    title: `${tag} – Meterbook API reference`,
    body: html`<nav aria-label="Reference"><a href="/docs">All operations</a></nav>
<h1>${tag}</h1>
<nav aria-label="Operations on this page"><ul>${links}</ul></nav>
${articles}`,
  };
}

type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  schema: JsonSchema;
};

function article(operation: ReferenceOperation, schemas: Schemas): Html {
  const { id, method, path, summary, needs, described } = operation;
  const parameters = (described['parameters'] as readonly Parameter[]).filter(({ name }) => name !== 'orgId');
  const request = described['requestBody'] as JsonSchema | undefined;
  const body = request && contentOf(request);
  const answer = contentOf((described['responses'] as Schemas)['200'] as JsonSchema);
  return html`<article id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${summary}</h2>
<p><code>${method} ${path}</code></p>
<p>Operation <code>${id}</code>; needs ${needs}.</p>
${fieldTable(
  'Parameters',
  parameters.map((parameter) => parameterRow(parameter, schemas)),
)}
${body ? fieldTable('Body', fieldRows(body, schemas)) : null}
${fieldTable('Answer', fieldRows(answer, schemas))}
<p>Refusals: ${refusals(operation)}. See <a href="/docs#errors">errors</a>.</p>
</article>`;
}

/** The schema of a body or an answer: its JSON, or what a file is. */
function contentOf(described: JsonSchema): JsonSchema {
  const content = described['content'] as { readonly [mediaType: string]: { readonly schema: JsonSchema } };
  const found = content['application/json'] ?? Object.values(content)[0];
  return present(found, 'the content of an operation').schema;
}

function parameterRow({ name, in: place, required, schema }: Parameter, schemas: Schemas): FieldRow {
  const type = `${typeOf(schema, schemas)}, in the ${place}`;
  return { name, type, isRequired: required, limits: limitsOf(schema) };
}

function fieldTable(title: string, rows: readonly FieldRow[]): Html | null {
  if (rows.length === 0) return null;
  const lines = rows.map(
    ({ name, type, isRequired, limits }) => html`<tr><th scope="row"><code>${name}</code></th><td>${type}</td>
<td>${isRequired ? 'yes' : 'no'}</td><td>${limits}</td></tr>`,
  );
  return html`<h3>${title}</h3><table><thead><tr><th scope="col">Name</th><th scope="col">Type</th>
<th scope="col">Required</th><th scope="col">Limits</th></tr></thead><tbody>${lines}</tbody></table>`;
}

/** Codes that this operation can answer with beside those of every request. */
function refusals({ method, path }: ReferenceOperation): string {
  const codes = ['UNAUTHORIZED', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'VALIDATION_FAILED'];
  if (path.replace('{orgId}', '').includes('{')) codes.push('NOT_FOUND');
  if (method === 'POST' || method === 'PUT')
    codes.push('MALFORMED_JSON', 'REFERENCE_NOT_FOUND', 'ILLEGAL_STATE');
  if (method === 'PUT') codes.push('VERSION_REQUIRED', 'VERSION_MISMATCH');
  if (method === 'DELETE') codes.push('ENTITY_IN_USE');
  return codes.join(', ');
}
