import { DpoError } from '@dpo/base';
import { type Cluster, checkCluster } from '@dpo/engine';
import { z } from 'zod';

const hosts = z.array(z.string());
/** A number, or its digits as text, which some schedulers write. Nothing else is a number: null must not become 0, the first worker. */
const index = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
  z.number().int().nonnegative(),
);
const schema = z.object({
  cluster: z.object({ chief: hosts.optional(), worker: hosts.optional(), ps: hosts.optional() }).catchall(hosts),
  task: z.object({ type: z.string(), index }),
});

/**
 * The workers of a run from `TF_CONFIG`, as schedulers for TensorFlow hand it to each process (Kubeflow's TFJob, Vertex AI,
 * SageMaker):
 *
 *     {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}
 *
 * A `chief` comes before the workers. Undefined for one worker alone, and without a text.
 *
 * @throws DpoError `workers.bad-tf-config`, with the reason
 */
export function clusterOf(text: string | undefined): Cluster | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const { cluster, task } = parseConfig(text);
  const { chief = [], worker = [], ps = [] } = cluster;
  if (ps.length > 0 || task.type === 'ps')
    throw bad('it names parameter servers, which keep weights for workers that come and go', text, {
      hint: 'Every worker here keeps the weights itself: leave ps out of the cluster.',
    });
  const ranks: Readonly<Record<string, number>> = { chief: 0, master: 0, worker: chief.length };
  const first = ranks[task.type];
  if (first === undefined)
    throw bad(`this process is a ${JSON.stringify(task.type)}, and takes no part in training`, text, {
      hint: 'Tasks are chief or worker. Held-out data are evaluated by the workers themselves (--eval-data).',
    });
  const all = [...chief, ...worker];
  if (all.length === 0) throw bad('its cluster has no worker', text);
  const peers = task.type === 'worker' ? worker : chief;
  if (task.index >= peers.length)
    throw bad(`it has ${peers.length} of type ${task.type}, and this process is number ${task.index}`, text, {
      hint: 'task.index counts from 0 within its type.',
    });
  const result = { hosts: all, rank: first + task.index };
  try {
    checkCluster(result);
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause), text, { cause });
  }
  return all.length === 1 ? undefined : result;
}

function parseConfig(text: string): z.output<typeof schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad('it is no JSON', text, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw bad(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, text);
}

function bad(why: string, text: string, { hint, cause }: { hint?: string; cause?: unknown } = {}): DpoError {
  return new DpoError('workers.bad-tf-config', `TF_CONFIG cannot be used: ${why}.`, {
    values: { TF_CONFIG: text.slice(0, 1000) },
    hint:
      hint ?? 'It looks like {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}.',
    cause,
  });
}
