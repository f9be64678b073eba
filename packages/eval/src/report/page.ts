import { Html, html, type Part } from './html.js';
import { style } from './style.js';

/**
 * A whole page in the reports' style, without a script or a request: its policy forbids both.
 *
 * @param more style of this page alone
 */
export function page(title: string, parts: Part, more = ''): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${new Html(style + more)}</style></head>
<body><main>${parts}</main></body></html>
`.text;
}
