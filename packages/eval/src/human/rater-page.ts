/// <reference lib="dom" />
// The script of the raters' page. Runs in browsers, stands in the page as it is compiled, and so imports nothing but types.
// Texts that are judged come into the page as text nodes alone.
import type { RaterState, ShownItem } from './rater-state.js';

/** The message to each button's deed, shown when the deed is on the disk. */
const messages: Readonly<Record<string, string>> = {
  A: 'A is better: saved.',
  B: 'B is better: saved.',
  tie: 'Tie: saved.',
  both_bad: 'Both bad: saved.',
  skip: 'Skipped.',
  undo: 'Taken back.',
};

function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const part = document.getElementById(id);
  if (!(part instanceof kind)) throw new Error(`The page has no ${id}.`);
  return part;
}

const part = (id: string): HTMLElement => byId(id, HTMLElement);
const comment = byId('comment', HTMLTextAreaElement);
const bar = byId('bar', HTMLProgressElement);
const buttons = [...document.querySelectorAll<HTMLButtonElement>('button[data-deed]')];

let state: RaterState | undefined;
/** Whether a response of the program is awaited; no other request is sent meanwhile. */
let waiting = false;
let shownSince = 0;

function element(name: string, text: string, className = ''): HTMLElement {
  const node = document.createElement(name);
  node.textContent = text;
  if (className !== '') node.className = className;
  return node;
}

/** Shows a text as it is, or says that the text is empty. */
function fill(place: HTMLElement, text: string): void {
  place.textContent = text === '' ? '(empty)' : text;
  place.classList.toggle('empty', text === '');
}

function show(next: RaterState, news: string): void {
  state = next;
  const { done, total, smallestDifference: smallest } = next;
  part('pair').hidden = next.kind !== 'item';
  part('end').hidden = next.kind === 'item';
  part('tools').hidden = next.kind !== 'item';
  bar.value = total === 0 ? 1 : done / total;
  const position = next.kind === 'item' ? `Pair ${done + 1} of ${total}` : `All ${total} pairs`;
  part('count').textContent = position;
  part('power').textContent = powerOf(smallest);
  if (next.kind === 'item') showItem(next);
  else part('end').replaceChildren(next.kind === 'sealed' ? sealedCard(next) : finishedCard(next));
  part('notice').hidden = true;
  part('said').textContent = `${news} ${position}.`.trim();
  for (const button of buttons) button.disabled = button.dataset.deed === 'undo' && !next.canUndo;
  window.scrollTo(0, 0);
  part('heading').focus({ preventScroll: true });
}

/** No rate is further from one half than 50 points. */
function powerOf(smallest: number | null): string {
  if (smallest === null) return '';
  if (smallest > 0.5) return 'Too few votes by now to show any difference.';
  return `By now a difference of ${(100 * smallest).toFixed(1)} points or more can be shown.`;
}

function showItem({ prompt, left, right, comment: earlier }: ShownItem): void {
  part('turns').replaceChildren(
    ...prompt.map(({ role, text }) => {
      const turn = element('div', '', 'turn');
      if (role !== undefined) turn.append(element('p', role, 'role'));
      const words = element('div', '', 'text');
      words.dir = 'auto';
      fill(words, text);
      turn.append(words);
      return turn;
    }),
  );
  fill(part('left'), left);
  fill(part('right'), right);
  comment.value = earlier;
  part('comment-box').hidden = earlier === '';
  shownSince = performance.now();
}

function sealedCard({ canUndo }: RaterState): HTMLElement {
  const card = element('section', '', 'card');
  card.append(
    element('h2', 'All pairs are judged'),
    element('p', 'The names are sealed until you end the session. After that no vote can be changed.'),
    endButton('End and show the names', 'finish', 'Enter'),
    element('span', ' '),
  );
  if (canUndo) card.append(endButton('Take the last vote back', 'undo', 'U'));
  return card;
}

function endButton(label: string, deed: 'finish' | 'undo', key: string): HTMLElement {
  const button = element('button', `${label} `);
  button.setAttribute('type', 'button');
  button.setAttribute('aria-keyshortcuts', key);
  const keyName = element('kbd', key);
  keyName.setAttribute('aria-hidden', 'true');
  button.append(keyName);
  button.addEventListener('click', () => void send(deed));
  return button;
}

function finishedCard({ names, outcome }: Extract<RaterState, { kind: 'finished' }>): HTMLElement {
  const card = element('section', '', 'card');
  const list = element('dl', '');
  const row = (name: string, value: string) => list.append(element('dt', name), element('dd', value));
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  row('Model', names.model);
  row('Baseline', names.baseline);
  row('Your votes', `${outcome.model} for the model, ${outcome.baseline} for the baseline, ${outcome.tie} ties, `);
  list.lastElementChild?.append(`${outcome.bothBad} both bad, ${outcome.skipped} skipped`);
  if (outcome.rate !== null && outcome.interval !== null) {
    const [low, high] = outcome.interval;
    row(
      'Win rate',
      `${percent(outcome.rate)} of ${outcome.pairs} pairs (95 % interval ${percent(low)} to ${percent(high)})`,
    );
  }
  row('So', conclusionInWords(outcome.conclusion));
  if (outcome.consistency !== null)
    row(
      'Consistency',
      `${percent(outcome.consistency)} of the pairs that returned with sides swapped were judged alike`,
    );
  card.append(element('h2', 'Thank you'), list, element('p', 'Everything is saved. You can close this page.'));
  return card;
}

function conclusionInWords(conclusion: 'better' | 'worse' | 'undecided' | null): string {
  if (conclusion === 'better') return 'You find the model better.';
  if (conclusion === 'worse') return 'You find the baseline better.';
  return 'There are too few votes to say which is better.';
}

/** Sends what the rater did. The response comes when the vote is on the disk, and says what is shown next. */
async function send(deed: string): Promise<void> {
  if (waiting || state === undefined || state.kind === 'finished') return;
  waiting = true;
  try {
    const { path, body } = requestOf(deed, state);
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const content = (await response.json()) as RaterState & { readonly error?: string };
    if (response.ok) return show(content, messages[deed] ?? '');
    if (response.status === 409) await load();
    complain(content.error ?? 'The vote was not saved.');
  } catch {
    complain('Not saved: the program does not answer. Start it again with the same command, and open the new address.');
  } finally {
    waiting = false;
  }
}

function requestOf(deed: string, { kind, ...state }: RaterState): { path: string; body: object } {
  if (deed === 'undo' || deed === 'finish' || kind !== 'item') return { path: deed, body: {} };
  const milliseconds = Math.round(performance.now() - shownSince);
  return {
    path: 'vote',
    body: { item: 'item' in state ? state.item : undefined, choice: deed, comment: comment.value, milliseconds },
  };
}

async function load(): Promise<void> {
  const response = await fetch('state');
  if (!response.ok) throw new Error(String(response.status));
  show((await response.json()) as RaterState, '');
}

function complain(text: string): void {
  part('notice').textContent = text;
  part('notice').hidden = false;
}

function writeComment(): void {
  part('comment-box').hidden = false;
  comment.focus();
}

function act(deed: string): void {
  if (deed === 'comment') writeComment();
  else void send(deed);
}

for (const button of buttons) button.addEventListener('click', () => act(button.dataset.deed ?? ''));

document.addEventListener('keydown', (event) => {
  if (event.target === comment) {
    if (event.key === 'Escape') part('heading').focus();
    return;
  }
  // A key that is held down is one vote, and a shortcut of the browser is no vote.
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || state === undefined) return;
  const key = event.key.toLowerCase();
  if (state.kind === 'item') {
    const button = buttons.find((each) => each.dataset.key === key && !each.disabled);
    if (button === undefined) return;
    event.preventDefault(); // the letter would be written into a comment
    act(button.dataset.deed ?? '');
  } else if (state.kind === 'sealed' && key === 'u' && state.canUndo) act('undo');
  else if (state.kind === 'sealed' && key === 'enter' && !(event.target instanceof HTMLButtonElement)) act('finish');
});

load().catch(() => complain('The program does not answer. Start it again, and open the new address.'));
