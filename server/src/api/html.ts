import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** A piece of HTML that is safe to put into a page. */
export type Html = { readonly html: string };

type Part = Html | string | number | null | undefined | readonly Html[];

/** A template of HTML: what is put in is escaped unless it is HTML itself; null and undefined are nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let result = texts[0] ?? '';
  parts.forEach((part, i) => {
    result += textOf(part) + (texts[i + 1] ?? '');
  });
  return { html: result };
}

function textOf(part: Part): string {
  if (part === null || part === undefined) return '';
  if (Array.isArray(part)) return part.map(({ html: text }) => text).join('');
  return typeof part === 'object' && 'html' in part ? part.html : escaped(String(part));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** One style for all pages: readable in light and dark, wide and narrow, without anything loaded. */
const STYLE = `
:root { color-scheme: light dark; --line: #8886; --accent: light-dark(#1c5fb8, #8ab8f5); }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
main.narrow { max-width: 26rem; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible
  { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: Canvas; padding: .5rem; }
label, fieldset { display: block; margin: 1rem 0; }
label span { display: block; }
input:not([type=radio]) { width: 100%; padding: .5rem; font: inherit;
  border: 1px solid GrayText; border-radius: .25rem; }
button { padding: .5rem 1.25rem; font: inherit; border: 0; border-radius: .25rem;
  background: light-dark(#1c5fb8, #8ab8f5); color: light-dark(#fff, #000); cursor: pointer; }
[role=alert] { border: 2px solid light-dark(#b3261e, #f2b8b5); border-radius: .25rem; padding: .75rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0;
  border-bottom: 1px solid var(--line); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: .5rem 0 1rem; }
.columns { columns: 18rem; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A whole page; `isNarrow` is for forms. */
export type Page = { readonly title: string; readonly body: Html; readonly isNarrow?: boolean };

/** The document of a page. */
export function pageText({ title, body, isNarrow = false }: Page): string {
  const style = { html: STYLE };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main${isNarrow ? { html: ' class="narrow"' } : null}>
${body}
</main>
</body>
</html>
`.html;
}

/** Headers under which a page runs no script, loads nothing and is shown in no frame. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

/** Sends a page that nobody else may keep. */
export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  return reply.headers({ ...PAGE_HEADERS, 'cache-control': 'no-store' }).send(pageText(page));
}
