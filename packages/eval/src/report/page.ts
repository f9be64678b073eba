import { Html, html, type Part } from './html.js';
import { style } from './style.js';

/**
 * A whole page in the reports' look, which needs nothing else: no script, no request (it forbids itself both).
 *
 * @param more style that this page alone has
 */
export function page(title: string, parts: Part, more = ''): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${new Html(style + more)}</style></head>
<body><main>${parts}</main></body></html>
`.text;
}
