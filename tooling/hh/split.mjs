// Divides the pairs of HH into the sets of the run: no prompt is in two of them.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Single-turn pairs that the policy is trained on; the others are held out. */
const POLICY = 96;
/** Multi-turn pairs that the reward model is trained on, the shortest ones: long ones would take the time of many. */
const REWARD = 224;
/** Single-turn pairs that are held out: their prompts are answered. */
const HELD = 140;
/** Multi-turn pairs, the shortest of the others, that the reward model is measured on beside the single-turn ones. */
const MEASURED = 60;

/** A number between 0 and 1 that depends on the prompt alone. */
function order({ prompt }) {
  return createHash('sha256').update(prompt).digest('hex');
}

const turns = ({ prompt }) => prompt.split('\n\nHuman:').length - 1;
const size = ({ prompt, chosen, rejected }) => prompt.length + chosen.length + rejected.length;

/**
 * Writes policy.jsonl, prompts.jsonl (held-out, single-turn), reward.jsonl and held-out.jsonl into the folder. Rows of a prompt that is in
 * another set are left out of the later one.
 *
 * @param scale multiplies the numbers of rows
 */
export function splitPairs(file, folder, scale = 1) {
  const [ofPolicy, ofReward, ofMeasured] = [POLICY, REWARD, MEASURED].map((rows) => Math.ceil(scale * rows));
  const rows = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const shuffled = rows.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const single = shuffled.filter((row) => turns(row) === 1);
  const policy = single.slice(0, ofPolicy);
  const used = new Set(policy.map(({ prompt }) => prompt));
  const prompts = single
    .slice(ofPolicy)
    .filter(({ prompt }) => !used.has(prompt))
    .slice(0, Math.ceil(scale * HELD));
  const short = shuffled
    .filter((row) => turns(row) > 1)
    .toSorted((a, b) => size(a) - size(b))
    .slice(0, REWARD + MEASURED);
  // Held out by the prompt, not by the length.
  const multi = short.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const reward = multi.slice(0, ofReward);
  const trained = new Set(reward.map(({ prompt }) => prompt));
  const others = multi.slice(ofReward).filter(({ prompt }) => !trained.has(prompt));
  const held = [
    ...prompts.map((row) => ({ ...row, source: 'single-turn' })),
    ...others.slice(0, ofMeasured).map((row) => ({ ...row, source: 'multi-turn' })),
  ];
  const sets = { policy, prompts, reward, 'held-out': held };
  for (const [name, set] of Object.entries(sets))
    writeFileSync(join(folder, `${name}.jsonl`), set.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, set.length]));
}
