import { type Html, html, type Page } from '../../../api/html.ts';
import type { Membership } from '../people.ts';

/** What the person sees next; `action` is where the form goes, `alert` what was wrong with the last one. */
export type FormFacts = { readonly action: string; readonly email: string; readonly alert: string | null };

export function passwordForm({ action, email, alert }: FormFacts): Page {
  return form('Sign in', {
    action,
    alert,
    step: 'password',
    button: 'Sign in',
    fields: html`
<label><span>E-mail address</span>
<input name="email" type="email" autocomplete="username" required maxlength="254" value="${email}"></label>
<label><span>Password</span>
<input name="password" type="password" autocomplete="current-password" required maxlength="1000"></label>`,
  });
}

/** After a temporary password: it has to be replaced on the spot (spec 10 §13). */
export function newPasswordForm({ action, email, alert }: FormFacts): Page {
  return form('Choose a password', {
    action,
    alert,
    step: 'new-password',
    button: 'Set password',
    fields: html`
<p>Your password was a temporary one. Please choose your own, of at least 12 characters.</p>
<input name="email" type="hidden" value="${email}">
<label><span>Temporary password</span>
<input name="password" type="password" autocomplete="current-password" required maxlength="1000"></label>
<label><span>New password</span>
<input name="newPassword" type="password" autocomplete="new-password" required minlength="12"
  maxlength="1000"></label>
<label><span>New password again</span>
<input name="repeated" type="password" autocomplete="new-password" required maxlength="1000"></label>`,
  });
}

/** For people of several organizations. `ticket` says who has signed in. */
export function organizationForm(
  { action, alert }: Omit<FormFacts, 'email'>,
  ticket: string,
  memberships: readonly Membership[],
): Page {
  const choices = memberships.map(
    ({ orgId, organizationName }, i) => html`
<label><input type="radio" name="orgId" value="${orgId}" required${i === 0 ? CHECKED : null}>
${organizationName}</label>`,
  );
  return form('Select an organization', {
    action,
    alert,
    step: 'organization',
    button: 'Continue',
    fields: html`<input name="ticket" type="hidden" value="${ticket}">
<fieldset><legend>Organization</legend>${choices}</fieldset>`,
  });
}

/** When there is nothing to fill in. */
export function endPage(title: string, text: string): Page {
  return { title, isNarrow: true, body: html`<h1>${title}</h1><p role="alert">${text}</p>` };
}

const CHECKED = { html: ' checked' };

type Form = {
  readonly action: string;
  readonly step: string;
  readonly alert: string | null;
  readonly fields: Html;
  readonly button: string;
};

function form(title: string, { action, step, alert, fields, button }: Form): Page {
  const body = html`<h1>${title}</h1>
${alert === null ? null : html`<p role="alert">${alert}</p>`}
<form method="post" action="${action}">
<input name="step" type="hidden" value="${step}">${fields}
<button type="submit">${button}</button>
</form>`;
  return { title: alert === null ? title : `Error: ${title}`, isNarrow: true, body };
}
