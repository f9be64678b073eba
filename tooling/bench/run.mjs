// `pnpm bench`: our training steps beside TRL's, and our generation beside transformers', on this machine. See README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { nearest } from '@dpo/base';
import { writeFileAtomic } from '@dpo/base/files';
import { cpuFlags } from '@dpo/engine';
import { measure, measureProducts } from './measure.mjs';
import { fail, readOptions, say } from './options.mjs';
import { peerPython } from './python.mjs';
import { describeMachine, document, machineText, mergeResults, phaseTable, summarise, table } from './report.mjs';
import { works } from './works.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const output = file('../../docs/benchmarks.md');
const measurements = file('results.json');

const options = {
  rows: { type: 'string' },
  steps: { type: 'string', default: '4' },
  repeat: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
};
const { values, count } = readOptions(options);
const settings = { steps: count('steps'), repeat: count('repeat') };
const selection = values.rows === undefined ? works : values.rows.split(',').map(rowNamed);
const flags = await cpuFlags();
const possible = selection.filter(({ needsOneOf }) => needsOneOf?.some((flag) => flags.includes(flag)) ?? true);
for (const { name, needsOneOf } of selection.filter((work) => !possible.includes(work)))
  say(`Left out ${name}: this processor has neither ${needsOneOf.join(' nor ')}.`);
if (possible.length === 0) fail('There is nothing left to measure.');

const machine = describeMachine(flags);
say(
  `Rows: ${possible.map(({ name }) => name).join(', ')}; each ${settings.repeat} times ${settings.steps} steps a side.`,
);
const bfloat16 = flags.includes('avx512_bf16') || flags.includes('amx_bf16');
const gigaflops = await measureProducts(bfloat16 ? ['bfloat16'] : []);
const date = new Date().toISOString().slice(0, 10);
const python = possible.every(({ alone }) => alone) ? undefined : peerPython(say);
const measurementsOfWorks = await measure(possible, { ...settings, python, say });
const results = measurementsOfWorks.map((result) => ({ ...result, date, gigaflops }));
const report = { machine, results };
const summaries = results.map(summarise);
if (values.json) process.stdout.write(`${JSON.stringify({ ...report, settings, summaries }, null, 2)}\n`);
else
  process.stdout.write(
    `${[table(summaries), phaseTable(summaries), machineText(report)].filter((part) => part !== '').join('\n\n')}\n`,
  );
if (values.write || values.rows === undefined) {
  const older = await readFile(measurements, 'utf8').then(JSON.parse, () => undefined);
  const names = works.map(({ name }) => name);
  const all = mergeResults(older, report, names);
  const notes = await readFile(file('notes.md'), 'utf8').catch(() => '');
  const place = (path, text) => writeFileAtomic(path, (temporary) => writeFile(temporary, text));
  await place(measurements, `${JSON.stringify(all, null, 2)}\n`);
  await place(output, document(all, notes));
  say(`Written to ${output}.`);
}

function rowNamed(name) {
  const names = works.map((work) => work.name);
  const work = works.find((candidate) => candidate.name === name);
  return work ?? fail(`There is no row "${name}". Did you mean ${nearest(name, names) ?? names.join(', ')}?`);
}
