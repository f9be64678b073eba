// Divides the pairs of HH into the sets of the run: no prompt is in two of them.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many single-turn pairs the policy is trained on; the others are held out. */
const POLICY = 96;
/** How many pairs a reward model is trained on. The shortest are taken, since a long pair takes the time of many. */
const REWARD = 400;
/** How many single-turn pairs are held out. Their prompts are answered. */
const HELD_OUT = 140;
/** How many other short multi-turn pairs the reward model is measured on, beside the single-turn ones. */
const MEASURED = 60;

/** A key for sorting, which depends on the prompt alone. */
function order({ prompt }) {
  return createHash('sha256').update(prompt).digest('hex');
}

const turns = ({ prompt }) => prompt.split('\n\nHuman:').length - 1;
/** The characters of a pair that are computed on: of the prompt about as many as its last 64 tokens have. */
const size = ({ prompt, chosen, rejected }) => Math.min(prompt.length, 260) + chosen.length + rejected.length;

const readPairs = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

function writeSets(folder, sets) {
  for (const [name, rows] of Object.entries(sets))
    writeFileSync(join(folder, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return Object.fromEntries(Object.entries(sets).map(([name, { length }]) => [name, length]));
}

/**
 * Writes policy.jsonl, prompts.jsonl (held-out, single-turn), reward.jsonl, held-out.jsonl and, for a second reward model, judge.jsonl
 * into the folder. A row whose prompt is in an earlier set is left out.
 *
 * @param scale multiplies the numbers of rows
 */
export function splitPairs(file, folder, scale = 1) {
  const [ofPolicy, ofReward, ofMeasured] = [POLICY, REWARD, MEASURED].map((rows) => Math.ceil(scale * rows));
  const shuffled = readPairs(file).toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const single = shuffled.filter((row) => turns(row) === 1);
  const policy = single.slice(0, ofPolicy);
  const policyPrompts = new Set(policy.map(({ prompt }) => prompt));
  const prompts = single
    .slice(ofPolicy)
    .filter(({ prompt }) => !policyPrompts.has(prompt))
    .slice(0, Math.ceil(scale * HELD_OUT));
  const usedPrompts = new Set([...policyPrompts, ...prompts.map(({ prompt }) => prompt)]);
  const bySize = shuffled.filter(({ prompt }) => !usedPrompts.has(prompt)).toSorted((a, b) => size(a) - size(b));
  const short = bySize.slice(0, ofReward + ofMeasured);
  // Held out by the prompt, not by the length.
  const others = short.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const measured = others.filter((row) => turns(row) > 1).slice(0, ofMeasured);
  const measuredPrompts = new Set(measured.map(({ prompt }) => prompt));
  const reward = others.filter(({ prompt }) => !measuredPrompts.has(prompt)).slice(0, ofReward);
  const heldOut = [
    ...prompts.map((row) => ({ ...row, source: 'single-turn' })),
    ...measured.map((row) => ({ ...row, source: 'multi-turn' })),
  ];
  const firstPrompts = new Set(short.map(({ prompt }) => prompt));
  const judge = bySize.filter(({ prompt }) => !firstPrompts.has(prompt)).slice(0, ofReward);
  return writeSets(folder, { policy, prompts, reward, 'held-out': heldOut, judge });
}

/**
 * Writes reward.jsonl and held-out.jsonl into the folder: of all pairs, 400 are held out by a digest of their prompts, and a reward model
 * is trained on the shortest of the others. No prompt is in both.
 *
 * @param rows how many pairs the reward model is trained on
 */
export function splitForReward(file, folder, rows) {
  const digest = ({ prompt }) => createHash('sha256').update(`x${prompt}`).digest('hex');
  const shuffled = readPairs(file).toSorted((a, b) => (digest(a) < digest(b) ? -1 : 1));
  const heldOut = shuffled.slice(0, 400);
  const prompts = new Set(heldOut.map(({ prompt }) => prompt));
  const others = shuffled.filter(({ prompt }) => !prompts.has(prompt));
  const reward = others.toSorted((a, b) => size(a) - size(b)).slice(0, rows);
  return writeSets(folder, { reward, 'held-out': heldOut });
}
