import type { StepRecord } from '@dpo/core';
import type { Sample, SessionFacts } from '../session/open-session.js';
import { chart } from './chart.js';
import { element, make } from './element.js';
import { durationText, stopwatch } from './time-left.js';

const count = (value: number) => value.toLocaleString('en');
const percent = (value: number) => `${Math.round(100 * value)} %`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** The part of the page that shows a training. */
export interface TrainingView {
  /** Begins anew with these records of a training of so many steps. */
  begin(records: readonly StepRecord[], steps: number): void;
  /** Goes on after a step: later records are taken again. */
  goOn(step: number): void;
  step(record: StepRecord, bytes: number): void;
  facts(facts: SessionFacts): void;
  samples(when: 'before' | 'now', samples: readonly Sample[]): void;
  /** Ends the estimate of the time that is left. */
  end(): void;
}

/** Builds the charts, and fills the numbers and samples. */
export function trainingView(): TrainingView {
  const charts = {
    loss: chart({ title: 'Loss', format: (value) => value.toFixed(3), base: Math.LN2 }),
    margin: chart({ title: 'Margin of the rewards', format: (value) => value.toFixed(2), base: 0 }),
    accuracy: chart({ title: 'Accuracy', format: percent, base: 0.5, range: [0, 1] }),
  };
  element('charts', HTMLDivElement).replaceChildren(...Object.values(charts).map(({ root }) => root));
  let records: StepRecord[] = [];
  let steps = 1;
  let watch = stopwatch();
  const numbers = new Map<string, string>();

  const showNumbers = () => {
    const rows = [...numbers].map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value)));
    element('numbers', HTMLDListElement).replaceChildren(...rows);
  };
  const showCharts = () => {
    charts.loss.show(
      records.map(({ loss }) => loss),
      steps,
    );
    charts.margin.show(
      records.map((record) => record['rewards/margins'] ?? Number.NaN),
      steps,
    );
    charts.accuracy.show(
      records.map((record) => record['rewards/accuracies'] ?? Number.NaN),
      steps,
    );
    const done = records.at(-1)?.step ?? 0;
    element('bar', HTMLProgressElement).value = done / steps;
    numbers.set('Step', `${count(done)} of ${count(steps)}`);
    const left = watch.left(steps - done);
    if (left === undefined || done === steps) numbers.delete('Left');
    else numbers.set('Left', durationText(left));
    showNumbers();
  };
  return {
    begin(known, all) {
      [records, steps, watch] = [[...known], all, stopwatch()];
      if (known.length === 0) showSamples([], []);
      showCharts();
    },
    goOn(step) {
      [records, watch] = [records.filter((record) => record.step <= step), stopwatch()];
      showCharts();
    },
    step(record, bytes) {
      records.push(record);
      watch.tick(performance.now());
      numbers.set('Pairs a second', (record.pairs_per_second ?? 0).toFixed(1));
      numbers.set('Memory of the tensors', megabytes(bytes));
      showCharts();
    },
    facts({ parameters, trainable, pairs, cutRows }) {
      numbers.set('Parameters', count(parameters));
      numbers.set('Trained', count(trainable));
      numbers.set('Pairs', cutRows === 0 ? count(pairs) : `${count(pairs)}, ${count(cutRows)} cut`);
      showNumbers();
    },
    samples(when, list) {
      if (when === 'before') showSamples(list, []);
      else showSamples(beforeSamples, list);
    },
    end() {
      watch = stopwatch();
      showCharts();
    },
  };
}

let beforeSamples: readonly Sample[] = [];

/** Each prompt with what the model wrote before the training, and what it writes now. */
function showSamples(before: readonly Sample[], now: readonly Sample[]): void {
  beforeSamples = before;
  element('samples-card', HTMLDivElement).hidden = before.length === 0 && now.length === 0;
  const blocks = (before.length === 0 ? now : before).map(({ prompt }, i) =>
    make(
      'article',
      'sample',
      make('p', 'prompt', prompt.trim()),
      ...answer('Before', before[i]),
      ...answer('After', now[i]),
    ),
  );
  element('samples', HTMLDivElement).replaceChildren(...blocks);
}

function answer(name: string, sample: Sample | undefined): Node[] {
  if (sample === undefined) return [];
  return [make('p', `answer ${name.toLowerCase()}`, make('span', 'tag', name), ' ', sample.text.trim() || '(nothing)')];
}
