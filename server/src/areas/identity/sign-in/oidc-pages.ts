import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import { type Html, html, PAGE_HEADERS, pageText } from '../../../api/html.ts';

/** Shown when a request to sign in cannot be answered to its client. */
export function failurePage(context: KoaContextWithOIDC, out: ErrorOut): void {
  const reason = out.error_description ?? out.error;
  show(context, 'Sign-in is not possible', html`<p role="alert">${reason}</p>`);
}

/** Asks whether to sign out; `form` is the provider's hidden form, which the button sends. */
export function signOutPage(context: KoaContextWithOIDC, form: string): void {
  const body = html`${{ html: form }}
<p>Do you want to sign out of Meterbook?</p>
<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
  show(context, 'Sign out', body);
}

export function signedOutPage(context: KoaContextWithOIDC): void {
  show(context, 'Signed out', html`<p>You are signed out.</p>`);
}

function show(context: KoaContextWithOIDC, title: string, content: Html): void {
  context.set(PAGE_HEADERS);
  context.body = pageText({ title, isNarrow: true, body: html`<h1>${title}</h1>${content}` });
}
