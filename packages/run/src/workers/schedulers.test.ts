import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { clusterOf } from './tf-config.js';

const example = (name: string) => fileURLToPath(new URL(`../../../../docs/examples/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-schedulers-'));
  // A dpo that says how it was called.
  await program('dpo', 'echo "dpo $*"; echo "TF_CONFIG $TF_CONFIG"');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

async function run(shell: 'sh' | 'bash', args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const path = `${folder}${delimiter}${process.env.PATH}`;
  const { stdout } = await promisify(execFile)(shell, args, {
    cwd: folder,
    env: { ...process.env, PATH: path, ...env },
  });
  return stdout.trimEnd().split('\n');
}

/**
 * The part of the TFJob resource (kubeflow.org/v1) that the example uses. The whole schema of the operator, half a megabyte, is not kept
 * here; the example was checked against the schema of controller-gen 0.14.0 by hand.
 */
const quantity = z.union([z.int(), z.string().regex(/^\d+(\.\d+)?([KMGTPE]i|[numkMGTPE])?$/)]);
const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  args: z.array(z.string()),
  ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int().min(1).max(65_535) })),
  resources: z.strictObject({ requests: z.record(z.string(), quantity), limits: z.record(z.string(), quantity) }),
  volumeMounts: z.array(
    z.strictObject({
      name: z.string(),
      mountPath: z.string(),
      subPath: z.string(),
      readOnly: z.boolean().optional(),
    }),
  ),
});
const tfJob = z.strictObject({
  apiVersion: z.literal('kubeflow.org/v1'),
  kind: z.literal('TFJob'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    runPolicy: z.strictObject({ cleanPodPolicy: z.enum(['None', 'Running', 'All']), backoffLimit: z.int() }),
    tfReplicaSpecs: z.strictObject({
      Worker: z.strictObject({
        replicas: z.int().min(2),
        restartPolicy: z.enum(['Always', 'OnFailure', 'Never', 'ExitCode']),
        template: z.strictObject({
          spec: z.strictObject({
            terminationGracePeriodSeconds: z.int(),
            containers: z.array(container).length(1),
            volumes: z.array(
              z.strictObject({ name: z.string(), persistentVolumeClaim: z.strictObject({ claimName: z.string() }) }),
            ),
          }),
        }),
      }),
    }),
  }),
});

describe('the example of a TFJob', () => {
  const read = async () => tfJob.parse(parse(await readFile(example('tfjob.yaml'), 'utf8')));

  it('is a TFJob, whose container the operator finds, and whose volumes exist', async () => {
    const { spec } = (await read()).spec.tfReplicaSpecs.Worker.template;
    const [only] = spec.containers;
    // Names that the operator looks for: v1.DefaultContainerName, v1.DefaultPortName.
    expect(only?.name).toBe('tensorflow');
    expect(only?.ports).toEqual([{ name: 'tfjob-port', containerPort: 2222 }]);
    const volumes = new Set(spec.volumes.map(({ name }) => name));
    for (const { name } of only?.volumeMounts ?? []) expect(volumes).toContain(name);
  });

  it('runs dpo train', async () => {
    const [only] = (await read()).spec.tfReplicaSpecs.Worker.template.spec.containers;
    expect(only?.command).toEqual(['sh', '-c']);
    const [line] = await run('sh', ['-c', only?.args[0] ?? '']);
    expect(line).toMatch(/^dpo train --model \/models\/my-model .* --output \/runs\/first .* --shard-optimizer$/);
  });
});

describe.skipIf(process.platform === 'win32')('the example of an sbatch script', () => {
  it('gives each task TF_CONFIG, and resumes where there is a checkpoint', async () => {
    await program('scontrol', 'printf "node-1\\nnode-2\\nnode-3\\n"');
    await program('srun', 'shift; for id in 0 1 2; do SLURM_PROCID=$id "$@" || exit 1; done');
    const env = { SLURM_JOB_NODELIST: 'node-[1-3]', SLURM_CPUS_PER_TASK: '16', DPO_OUTPUT: join(folder, 'run') };
    const first = await run('bash', [example('slurm.sbatch')], env);
    expect(first).toHaveLength(6);
    const configs = first.filter((line) => line.startsWith('TF_CONFIG ')).map((line) => clusterOf(line.slice(10)));
    const hosts = ['node-1:2222', 'node-2:2222', 'node-3:2222'];
    expect(configs).toEqual([0, 1, 2].map((rank) => ({ hosts, rank })));
    expect(first[0]).toContain(`--output ${join(folder, 'run')} --threads 16`);
    expect(first[0]).not.toContain('--resume');
    await mkdir(join(folder, 'run/checkpoint-100'), { recursive: true });
    expect((await run('bash', [example('slurm.sbatch')], env))[0]).toMatch(/--shard-optimizer --resume$/);
  });
});
