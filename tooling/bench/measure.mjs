import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { kinds, peerArguments, workArguments } from './works.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A run during which other programs took more of the processor than this share is disturbed: its times say nothing. */
export const BUSY = 0.05;
/** How often a disturbed run is repeated, at most. */
const AGAIN = 2;

/**
 * Runs each work on both sides in turn, `repeat` times, so that whatever slows the machine for a while slows both.
 * A disturbed run is repeated, up to twice, and the least disturbed one counts. Returns the results of each work by side, one for
 * each repetition.
 */
export async function measure(works, { repeat, steps, python, say }) {
  const results = works.map((work) => ({ work, peer: [], ours: [] }));
  for (let round = 1; round <= repeat; round++) {
    for (const result of results) {
      const { ours, peer, peerName } = kinds[result.work.kind];
      const args = workArguments(result.work, steps);
      const sides = [{ side: 'ours', name: 'ours', command: [process.execPath, file(ours)], args }];
      if (!result.work.alone)
        sides.push({
          ...{ side: 'peer', name: peerName, command: [python, file(peer)] },
          args: [...args, ...peerArguments(result.work)],
        });
      // The order changes from round to round: neither side always follows the other.
      for (const { side, name, command, args } of round % 2 === 1 ? sides : sides.toReversed()) {
        const outcome = await leastDisturbed(
          () => runOnce(command, args),
          (run) => {
            const times = [`${median(run.stepSeconds).toFixed(2)} s a step`];
            if (run.stepCpuSeconds !== undefined)
              times.push(`${median(run.stepCpuSeconds).toFixed(2)} s of the processor`);
            const share = `${(100 * run.disturbance).toFixed(0)} % of the processor taken by others`;
            say(`  ${round}/${repeat} ${result.work.name}, ${name}: ${times.join(', ')}; ${share}`);
          },
        );
        result[side].push(outcome);
      }
    }
  }
  return results;
}

/** The first undisturbed run, or else the least disturbed of several. `tell` hears of each run. */
export async function leastDisturbed(run, tell) {
  let best;
  for (let attempt = 0; attempt <= AGAIN; attempt++) {
    const outcome = await run();
    tell(outcome);
    if (best === undefined || outcome.disturbance < best.disturbance) best = outcome;
    if (best.disturbance <= BUSY) break;
  }
  return best;
}

/** The rates of matrix products on this machine, in GFLOP/s by precision. */
export async function measureProducts(precisions) {
  const { gigaflops } = await lastLine([process.execPath, file('ours-products.mjs')], precisions);
  return gigaflops;
}

/** Runs one side once. `disturbance` is the share of the processor's time that other programs took meanwhile. */
export async function runOnce(command, args, env) {
  const [start, busy] = [performance.now(), busySeconds()];
  const outcome = await lastLine(command, args, env);
  const others = busySeconds() - busy - outcome.cpuSeconds;
  const available = (cpus().length * (performance.now() - start)) / 1000;
  return { ...outcome, disturbance: Math.max(0, others / available) };
}

/** The processor time of all programs since the machine started, in seconds; 0 on systems that do not say. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys, 0) / 1000;
}

/** Runs a program, and resolves to the last line that it prints, as JSON. */
export function lastLine([program, ...words], args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let lines = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      lines += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${[program, ...words].join(' ')} failed:\n${errors}`));
      else resolve(JSON.parse(lines.trim().split('\n').at(-1) ?? ''));
    });
  });
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}
