import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { workArguments } from './works.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Both sides of a comparison: the program and first arguments that run one work in a process of its own. */
function sides(python) {
  return { ours: [process.execPath, file('ours.mjs')], trl: [python, file('trl_dpo.py')] };
}

/**
 * Runs each work on both sides in turn, round after round, so that whatever slows the machine for a while slows both.
 * Returns for each work the results of its rounds by side.
 */
export async function measure(works, { rounds, steps, python, say }) {
  const commands = Object.entries(sides(python));
  const results = works.map((work) => ({ work, trl: [], ours: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const result of results) {
      // The order changes from round to round: neither side always follows the other.
      for (const [side, command] of round % 2 === 1 ? commands : commands.slice().reverse()) {
        const outcome = await runOnce(command, workArguments(result.work, steps));
        result[side].push(outcome);
        say(`  round ${round}, ${result.work.name}, ${side}: ${median(outcome.stepSeconds).toFixed(2)} s a step`);
      }
    }
  }
  return results;
}

function runOnce([program, script], args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${script} failed:\n${errors}`));
      else resolve(JSON.parse(output.trim().split('\n').at(-1)));
    });
  });
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
