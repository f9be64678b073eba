#!/usr/bin/env node
// Two workers in network namespaces of their own on this machine, joined by a cable whose bandwidth `tc` limits: seconds of a step beside
// what `dpo train --plan` expects. Needs Linux, root, ip and tc (Debian's iproute2), and dist/ (npm run dpo -- --version).
//
//     node tooling/many/network.mjs [--gigabits 10,1,0.1] [--delay 0] [--steps 6] [--width 512] [--layers 4]

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../bench/measure.mjs';
import { tfConfig } from './cluster.mjs';
import { makeInputs, start } from './inputs.mjs';

const { values } = parseArgs({
  options: {
    gigabits: { type: 'string', default: '10,1,0.1' },
    delay: { type: 'string', default: '0' },
    steps: { type: 'string', default: '6' },
    width: { type: 'string', default: '512' },
    layers: { type: 'string', default: '4' },
  },
});
const say = (line) => process.stdout.write(`${line}\n`);
const run = (command) => execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
const names = ['dpo-a', 'dpo-b'];
const addresses = ['10.77.0.1', '10.77.0.2'];
const delay = Number(values.delay);

function openCable() {
  closeCable();
  run(`ip link add veth-dpo-a type veth peer name veth-dpo-b`);
  for (const [i, name] of names.entries()) {
    run(`ip netns add ${name}`);
    run(`ip link set veth-${name} netns ${name}`);
    run(`ip -n ${name} addr add ${addresses[i]}/24 dev veth-${name}`);
    run(`ip -n ${name} link set veth-${name} up`);
    run(`ip -n ${name} link set lo up`);
  }
}

function closeCable() {
  for (const name of names) run(`ip netns del ${name} 2>/dev/null || true`);
  run('ip link del veth-dpo-a 2>/dev/null || true');
}

/** Limits what each end sends. A kernel without netem has no delay. */
function limit(gigabits) {
  const rate = `${gigabits * 1000}mbit`;
  for (const name of names) {
    run(`ip netns exec ${name} tc qdisc del dev veth-${name} root 2>/dev/null || true`);
    if (delay > 0)
      run(`ip netns exec ${name} tc qdisc add dev veth-${name} root netem delay ${delay}ms rate ${rate} limit 100000`);
    else run(`ip netns exec ${name} tc qdisc add dev veth-${name} root tbf rate ${rate} burst 4mb latency 200ms`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'dpo-network-'));
const common = (steps) => [
  ...['train', '--model', join(folder, 'model'), '--data', join(folder, 'pairs.jsonl'), '--engine', 'tensorflow'],
  ...['--batch-size', '8', '--max-steps', String(steps), '--threads', '1', '--precompute-reference'],
];
try {
  await makeInputs(folder, { width: Number(values.width), layers: Number(values.layers), positions: 256, words: 16 });
  openCable();
  for (const gigabits of values.gigabits.split(',').map(Number)) {
    limit(gigabits);
    const output = join(folder, `run-${gigabits}`);
    const hosts = addresses.map((address) => `${address}:2222`);
    const args = [...common(values.steps), '--output', output, '--no-tensorboard'];
    const workers = names.map((name, i) =>
      start(args, { env: { TF_CONFIG: tfConfig(hosts, i) }, before: ['ip', 'netns', 'exec', name] }),
    );
    for (const { code, notes } of await Promise.all(workers.map(({ ended }) => ended)))
      if (code !== 0) throw new Error(notes);
    const records = (await readFile(join(output, 'metrics.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const measured = median(records.slice(2).map((record) => 8 / record.pairs_per_second));
    const plan = await start([
      ...common(values.steps),
      ...['--plan', '--workers', '2', '--bandwidth', String(gigabits), '--delay', String(delay), '--json'],
    ]).ended;
    if (plan.code !== 0) throw new Error(plan.notes);
    const { seconds, bytes } = JSON.parse(plan.out);
    say(
      `${gigabits} Gbit/s, ${delay} ms: ${measured.toFixed(3)} s a step, ${seconds.total.toFixed(3)} s expected ` +
        `(${seconds.alone.toFixed(3)} computing, ${seconds.exchanges.toFixed(3)} exchanging ${(bytes / 1e6).toFixed(1)} MB), ` +
        `${(100 * (seconds.total / measured - 1)).toFixed(0)} % off`,
    );
  }
} finally {
  closeCable();
  await rm(folder, { recursive: true, force: true });
}
