import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { Html, html } from '../report/html.js';
import { pageStyle } from './_page-style.js';

/** The page that raters open, the same for all: the answers to be judged come by requests. */
export interface RaterPage {
  readonly html: string;
  /** The Content-Security-Policy under which the page's own script and style run, and no others. */
  readonly policy: string;
}

/** The script of the page stands beside this module, compiled or bundled. */
const ownScript = new URL('./rater-page.js', import.meta.url);

/**
 * Makes the page with its script and style inside, and the policy that names both by their digests.
 *
 * @throws DpoError `human.no-page` when the script cannot be read
 */
export async function raterPage(script: URL = ownScript): Promise<RaterPage> {
  const compiled = await readFile(script, 'utf8').catch((cause: unknown) => {
    throw new DpoError('human.no-page', `The page's script ${script.pathname} cannot be read.`, {
      values: { script: script.href },
      hint: 'Build the package, or install it anew.',
      cause,
    });
  });
  const code = compiled.replace(/^\/\/# sourceMappingURL=.*$/m, '');
  const policy = [
    "default-src 'none'",
    `script-src '${digestOf(code)}'`,
    `style-src '${digestOf(pageStyle)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { html: pageOf(code).text, policy: policy.join('; ') };
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** What raters do with the keyboard. The page's script finds the buttons by `data-deed` and the keys by `data-key`. */
const buttons = [
  { deed: 'A', key: 'a', label: 'A is better', kind: 'main' },
  { deed: 'tie', key: 't', label: 'Tie', kind: 'main' },
  { deed: 'B', key: 'b', label: 'B is better', kind: 'main' },
  { deed: 'both_bad', key: 'x', label: 'Both bad', kind: 'other' },
  { deed: 'skip', key: 's', label: 'Skip', kind: 'other' },
  { deed: 'undo', key: 'u', label: 'Undo', kind: 'other' },
  { deed: 'comment', key: 'c', label: 'Comment', kind: 'other' },
];

function button({ deed, key, label, kind }: (typeof buttons)[number]): Html {
  return html`<button type="button" class="${kind} ${deed}" data-deed="${deed}" data-key="${key}" aria-keyshortcuts="${key}">${label} <kbd aria-hidden="true">${key.toUpperCase()}</kbd></button>`;
}

function pageOf(code: string): Html {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>Which answer is better?</title><style>${new Html(pageStyle)}</style></head>
<body>
<header><h1 id="heading" tabindex="-1">Which answer is better?</h1><progress id="bar" max="1" value="0" aria-labelledby="count"></progress><p class="counts"><span id="count"></span> <span id="power"></span></p></header>
<noscript><p class="notice">This page needs its script to run.</p></noscript>
<p id="notice" class="notice" role="alert" hidden></p>
<main id="pair" hidden>
<section id="prompt" aria-labelledby="prompt-name"><h2 id="prompt-name">Prompt</h2><div id="turns"></div></section>
<div class="answers">
<article class="answer" aria-labelledby="a-name"><h2 id="a-name"><span class="side" aria-hidden="true">A</span> Answer A</h2><div class="text" id="left" dir="auto"></div></article>
<article class="answer" aria-labelledby="b-name"><h2 id="b-name"><span class="side" aria-hidden="true">B</span> Answer B</h2><div class="text" id="right" dir="auto"></div></article>
</div>
</main>
<main id="end" hidden></main>
<footer id="tools" hidden>
<div id="comment-box" hidden><label for="comment">Comment on this pair <small>(Escape goes back to the keys; the comment is kept with your vote)</small></label><textarea id="comment" rows="3" maxlength="10000"></textarea></div>
<div class="row" role="group" aria-label="Your judgement">${buttons.filter(({ kind }) => kind === 'main').map(button)}</div>
<div class="row" role="group" aria-label="Other">${buttons.filter(({ kind }) => kind === 'other').map(button)}</div>
</footer>
<p id="said" class="unseen" role="status" aria-live="polite"></p>
<script type="module">${new Html(code)}</script>
</body></html>
`;
}
