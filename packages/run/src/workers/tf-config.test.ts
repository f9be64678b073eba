import { describe, expect, it } from 'vitest';
import { clusterOf } from './tf-config.js';

const text = (cluster: unknown, type: string, index: unknown) => JSON.stringify({ cluster, task: { type, index } });

describe('TF_CONFIG', () => {
  it('says who the workers are, and which worker this process is', () => {
    expect(clusterOf(text({ worker: ['a:1', 'b:2'] }, 'worker', 1))).toEqual({ hosts: ['a:1', 'b:2'], rank: 1 });
    // A chief is the first worker. Some schedulers write the index as text, and more than this reads.
    const cluster = { chief: ['c:9'], worker: ['a:1', 'b:2'], evaluator: ['e:1'] };
    expect(clusterOf(text(cluster, 'chief', 0))).toEqual({ hosts: ['c:9', 'a:1', 'b:2'], rank: 0 });
    expect(clusterOf(text(cluster, 'worker', '1'))).toEqual({ hosts: ['c:9', 'a:1', 'b:2'], rank: 2 });
    expect(clusterOf(text({ worker: ['[::1]:1', 'host.example:2'] }, 'worker', 0))?.hosts).toHaveLength(2);
  });

  it('is no cluster without a text, or with one worker alone', () => {
    for (const none of [undefined, '', ' ', text({ worker: ['a:1'] }, 'worker', 0)])
      expect(clusterOf(none)).toBeUndefined();
  });

  it.each([null, '', ' ', true, [1], '0x1', 'one', 0.5])('is refused with the index %j', (index) => {
    expect(() => clusterOf(text({ worker: ['a:1', 'b:2'] }, 'worker', index))).toThrow(
      expect.objectContaining({ code: 'workers.bad-tf-config', message: expect.stringContaining('task.index') }),
    );
  });

  it.each([
    ['{', 'no JSON'],
    ['[]', 'the whole'],
    ['{"cluster":{"worker":["a:1","b:2"]}}', 'task'],
    [text({ worker: 'a:1' }, 'worker', 0), 'cluster.worker'],
    [text({ worker: ['a:1', 'b:2'] }, 'worker', 2), 'has 2 of type worker, and this process is number 2'],
    [text({ worker: ['a:1', 'b:2'] }, 'worker', -1), 'task.index'],
    ['{"cluster":{"worker":["a:1","b:2"]},"task":{"type":"worker"}}', 'task.index'],
    [text({ worker: ['a:1', 'b:2'] }, 'evaluator', 0), 'takes no part'],
    [text({ worker: ['a:1'], ps: ['p:1'] }, 'worker', 0), 'parameter servers'],
    [text({}, 'worker', 0), 'no worker'],
    [text({ worker: ['a:1', 'b'] }, 'worker', 0), 'host:port, not b'],
    [text({ worker: ['a:1', 'a:1'] }, 'worker', 0), 'a:1 twice'],
    [text({ worker: ['a:1', 'b:70000'] }, 'worker', 0), 'not b:70000'],
  ])('%s is refused', (config, says) => {
    expect(() => clusterOf(config)).toThrow(
      expect.objectContaining({ code: 'workers.bad-tf-config', message: expect.stringContaining(says) }),
    );
  });
});
