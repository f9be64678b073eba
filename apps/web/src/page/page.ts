import { fetchModelFiles } from '@dpo/models';
import { describeError, type ErrorText } from '../session/describe-error.js';
import { demoSettings, ownSettings } from '../session/settings.js';
import type { Reply } from '../worker/messages.js';
import { addressOf } from './address.js';
import { fetchDemo } from './demo.js';
import { element, make } from './element.js';
import { inputsView } from './inputs-view.js';
import { settingsView } from './settings-view.js';
import { startWorker } from './start-worker.js';
import { trainingView } from './training-view.js';

const button = (id: string) => element(id, HTMLButtonElement);
const text = (id: string, content: string) => {
  element(id, HTMLElement).textContent = content;
};

function showNote(id: 'alert' | 'warning', note: ErrorText | undefined): void {
  const box = element(id, HTMLDivElement);
  box.hidden = note === undefined;
  if (note === undefined) return void box.replaceChildren();
  const { code, message, hint } = note;
  box.replaceChildren(
    make('p', 'message', message),
    ...(hint === undefined ? [] : [make('p', '', hint)]),
    make('p', 'code', code),
  );
}

const showError = (error: unknown) => showNote('alert', describeError(error));

/** Runs what may fail, and shows the error. */
function attempt(work: () => void | Promise<void>): void {
  showNote('alert', undefined);
  void (async () => work())().catch(showError);
}

/** Which buttons a reader can press: nothing is open, a training runs, or a training has ended before or at its last step. */
function showState(state: 'idle' | 'busy' | 'stopped' | 'done'): void {
  const [busy, ended] = [state === 'busy', state === 'stopped' || state === 'done'];
  const hadFocus = document.activeElement;
  button('train').hidden = busy;
  button('train').textContent = ended ? 'Train anew' : 'Train';
  button('stop').hidden = !busy;
  button('go-on').hidden = state !== 'stopped';
  element('result', HTMLDivElement).hidden = !ended;
  // A hidden button loses the focus, and a keyboard would begin at the top of the page again.
  if (!(hadFocus instanceof HTMLElement) || hadFocus.checkVisibility()) return;
  if (busy) button('stop').focus();
  else (ended ? element('progress', HTMLElement) : button('train')).focus();
}

const view = trainingView();
const settings = settingsView();
settings.show(demoSettings);
const inputs = inputsView((demo) => settings.show(demo ? demoSettings : ownSettings), attempt);
const demo = fetchDemo();
demo.catch(showError);

function offer(file: { readonly name: string; readonly blob: Blob }): void {
  const link = make('a', '');
  link.href = URL.createObjectURL(file.blob);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  text('doing', `${file.name}: ${(file.blob.size / 1e6).toFixed(2)} MB`);
}

let step = 0;

const hearings: { readonly [K in Reply['kind']]: (reply: Extract<Reply, { kind: K }>) => void } = {
  kept({ facts, step: last = 0, lasting }) {
    element('kept', HTMLElement).hidden = facts === undefined;
    text(
      'memory-text',
      lasting
        ? 'Checkpoints stay in this browser until you discard them.'
        : 'This browser keeps no files of this page: a training ends with the page.',
    );
    step = 0;
    delete document.documentElement.dataset.saved;
    if (facts === undefined) return;
    text('kept-text', `${facts.modelName} on ${facts.pairsName}: step ${last} of ${facts.settings.steps} is saved.`);
    settings.show(facts.settings);
    view.begin(
      facts.records.filter((record) => record.step <= last),
      facts.settings.steps,
    );
    view.samples('before', facts.before);
    step = last;
    document.documentElement.dataset.saved = String(last);
  },
  doing: ({ what }) => text('doing', what),
  engine({ engine, description }) {
    text('engine-text', description);
    document.documentElement.dataset.engine = engine;
  },
  facts({ facts }) {
    view.facts(facts);
    if (facts.notes.length > 0) showNote('warning', { code: 'model.note', message: facts.notes.join(' ') });
  },
  samples: ({ when, samples }) => view.samples(when, samples),
  step({ record, bytes }) {
    view.step(record, bytes);
    step = record.step;
  },
  resumed: ({ step: last }) => view.goOn(last),
  saved({ step: last }) {
    document.documentElement.dataset.saved = String(last);
  },
  ended({ step: last, done }) {
    view.end();
    text('doing', done ? `Done: ${last} steps.` : `Stopped after step ${last}.`);
    showState(done ? 'done' : 'stopped');
  },
  file: offer,
  warning: ({ warning }) => showNote('warning', warning),
  error({ error }) {
    view.end();
    showNote('alert', error);
    text('doing', 'Ended by an error.');
    // What is trained so far can be downloaded, and gone on with when a checkpoint is there.
    showState(step > 0 ? 'stopped' : 'idle');
    if (document.documentElement.dataset.saved === undefined) button('go-on').hidden = true;
  },
};

const worker = await startWorker(
  (reply) => (hearings[reply.kind] as (reply: Reply) => void)(reply),
  (message) => {
    showError(new Error(message || 'The training’s worker has ended, perhaps for want of memory.'));
    showState('idle');
  },
);

function begin(): void {
  showNote('alert', undefined);
  showNote('warning', undefined);
  element('kept', HTMLElement).hidden = true;
  showState('busy');
}

element('form', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  attempt(async () => {
    const chosen = settings.read();
    const files = inputs.chosen(await demo);
    begin();
    step = 0;
    delete document.documentElement.dataset.saved;
    view.begin([], chosen.steps);
    worker.ask({ kind: 'train', inputs: files, settings: chosen, engine: settings.engine() });
  });
};
const goOn = () =>
  attempt(async () => {
    begin();
    worker.ask({ kind: 'go-on', demo: await demo, engine: settings.engine() });
  });
button('go-on').onclick = goOn;
button('go-on-kept').onclick = goOn;
button('stop').onclick = () => {
  text('doing', 'Stopping after this step …');
  worker.ask({ kind: 'stop' });
};
button('discard').onclick = () => {
  view.begin([], demoSettings.steps);
  settings.show(demoSettings);
  worker.ask({ kind: 'discard' });
  button('train').focus();
};
button('download-adapter').onclick = () => worker.ask({ kind: 'download', what: 'adapter' });
button('download-model').onclick = () => worker.ask({ kind: 'download', what: 'model' });

const FETCH = 'dpo-fetch';

/** Fetches a model from the address that the page's policy allows. */
function fetchModel(address: URL): void {
  attempt(async () => {
    const files = await fetchModelFiles(address, {
      onProgress: (name, bytes) => text('doing', `Fetching ${name}: ${(bytes / 1e6).toFixed(1)} MB`),
    });
    inputs.takeModel({ name: address.pathname.split('/').filter(Boolean).at(-1) ?? address.hostname, files });
    text('doing', 'Ready.');
  });
}

const address = addressOf(location.search);
const addressInput = element('model-address', HTMLInputElement);
button('model-fetch').onclick = () => {
  const query = `?${new URLSearchParams({ model: addressInput.value.trim() })}`;
  const wish = addressOf(query);
  if (wish === undefined)
    return showNote('alert', {
      code: 'page.bad-address',
      message: `${JSON.stringify(addressInput.value)} is no address of http or https.`,
    });
  if (wish.origin === address?.origin || wish.origin === location.origin) return fetchModel(wish);
  sessionStorage.setItem(FETCH, wish.href);
  location.search = query;
};
if (address !== undefined) {
  addressInput.value = address.href;
  // Without the reader's own press a link could make the page fetch from anywhere.
  if (sessionStorage.getItem(FETCH) === address.href) fetchModel(address);
  sessionStorage.removeItem(FETCH);
}

button('train').disabled = false;
text('doing', 'Ready. Press Train: the built-in model takes about ten seconds.');
