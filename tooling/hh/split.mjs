// Divides the pairs of HH into the sets of the run: no prompt is in two of them.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many single-turn pairs the policy is trained on; the others are held out. */
const POLICY = 96;
/** How many multi-turn pairs the reward model is trained on. The shortest are taken, since a long pair takes the time of many. */
const REWARD = 224;
/** How many single-turn pairs are held out. Their prompts are answered. */
const HELD_OUT = 140;
/** How many other short multi-turn pairs the reward model is measured on, beside the single-turn ones. */
const MEASURED = 60;

/** A key for sorting, which depends on the prompt alone. */
function order({ prompt }) {
  return createHash('sha256').update(prompt).digest('hex');
}

const turns = ({ prompt }) => prompt.split('\n\nHuman:').length - 1;
const size = ({ prompt, chosen, rejected }) => prompt.length + chosen.length + rejected.length;

/**
 * Writes policy.jsonl, prompts.jsonl (held-out, single-turn), reward.jsonl and held-out.jsonl into the folder. A row whose prompt is in an
 * earlier set is left out.
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
  const policyPrompts = new Set(policy.map(({ prompt }) => prompt));
  const prompts = single
    .slice(ofPolicy)
    .filter(({ prompt }) => !policyPrompts.has(prompt))
    .slice(0, Math.ceil(scale * HELD_OUT));
  const short = shuffled
    .filter((row) => turns(row) > 1)
    .toSorted((a, b) => size(a) - size(b))
    .slice(0, REWARD + MEASURED);
  // Held out by the prompt, not by the length.
  const multi = short.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const reward = multi.slice(0, ofReward);
  const rewardPrompts = new Set(reward.map(({ prompt }) => prompt));
  const others = multi.slice(ofReward).filter(({ prompt }) => !rewardPrompts.has(prompt));
  const heldOut = [
    ...prompts.map((row) => ({ ...row, source: 'single-turn' })),
    ...others.slice(0, ofMeasured).map((row) => ({ ...row, source: 'multi-turn' })),
  ];
  const sets = { policy, prompts, reward, 'held-out': heldOut };
  for (const [name, rowsOfSet] of Object.entries(sets))
    writeFileSync(join(folder, `${name}.jsonl`), rowsOfSet.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return Object.fromEntries(Object.entries(sets).map(([name, { length }]) => [name, length]));
}
