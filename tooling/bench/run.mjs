// `pnpm bench`: our training steps beside TRL's, and our generation beside transformers', on this machine. See README.md.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nearest } from '@dpo/base';
import { writeFileAtomic } from '@dpo/base/files';
import { cpuFlags } from '@dpo/engine';
import { measure } from './measure.mjs';
import { peerPython } from './python.mjs';
import { describeMachine, document, machineText, summarise, table } from './report.mjs';
import { works } from './works.mjs';

const output = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const say = (line) => process.stderr.write(`${line}\n`);

const options = {
  rows: { type: 'string' },
  steps: { type: 'string', default: '4' },
  repeat: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
};
const values = parsed();
const settings = { steps: count('steps'), repeat: count('repeat') };
const chosen = values.rows === undefined ? works : values.rows.split(',').map(rowNamed);
const flags = await cpuFlags();
const possible = chosen.filter(({ needsOneOf }) => needsOneOf?.some((flag) => flags.includes(flag)) ?? true);
for (const { name, needsOneOf } of chosen.filter((work) => !possible.includes(work)))
  say(`Left out ${name}: this processor has neither ${needsOneOf.join(' nor ')}.`);
if (possible.length === 0) fail('There is nothing left to measure.');

const machine = describeMachine(flags);
say(
  `Rows: ${possible.map(({ name }) => name).join(', ')}; each ${settings.repeat} times ${settings.steps} steps a side.`,
);
const results = await measure(possible, { ...settings, python: peerPython(say), say });
const summaries = results.map(summarise);
const report = { date: new Date().toISOString().slice(0, 10), machine, settings, results };
if (values.json) process.stdout.write(`${JSON.stringify({ ...report, summaries }, null, 2)}\n`);
else process.stdout.write(`${table(summaries)}\n\n${machineText(report)}\n`);
if (values.rows === undefined) {
  await writeFileAtomic(output, document(report));
  say(`Written to ${output}.`);
}

function parsed() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(error.message);
  }
}

function count(name) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) fail(`--${name} must be a positive integer, not ${values[name]}.`);
  return value;
}

function rowNamed(name) {
  const names = works.map((work) => work.name);
  const work = works.find((candidate) => candidate.name === name);
  return work ?? fail(`There is no row "${name}". Did you mean ${nearest(name, names) ?? names.join(', ')}?`);
}

function fail(message) {
  say(`Error: ${message}`);
  process.exit(2);
}
