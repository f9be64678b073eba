import { alone, type Collective } from '@dpo/engine';
import { describe, expect, it } from 'vitest';
import { checkSameWork } from './same-work.js';

/** Does work on several workers inside one process. They can only gather lists. */
function onWorkers<T>(size: number, work: (collective: Collective) => Promise<T>): Promise<PromiseSettledResult<T>[]> {
  const rounds: { lists: (readonly number[])[]; wait: ((all: readonly (readonly number[])[]) => void)[] }[] = [];
  const worker = (rank: number): Collective => {
    let round = 0;
    return {
      ...alone,
      rank,
      size,
      gather: (values) =>
        new Promise((resolve) => {
          const now = rounds[round] ?? { lists: [], wait: [] };
          rounds[round++] = now;
          now.lists[rank] = values;
          now.wait.push(resolve);
          if (now.wait.length === size) for (const each of now.wait) each(now.lists);
        }),
    };
  };
  return Promise.allSettled(Array.from({ length: size }, (_, rank) => work(worker(rank))));
}

describe('what workers are about to do', () => {
  const hosts = ['a:1', 'b:1', 'c:1'];
  const check = (facts: readonly Readonly<Record<string, unknown>>[]) =>
    onWorkers(facts.length, (collective) => checkSameWork(collective, facts[collective.rank] ?? {}, hosts));

  it('may be the same', async () => {
    const facts = { beta: 0.1, ref: undefined, list: ['a'], 'the data': 'f00' };
    expect((await check([facts, facts, { ...facts }])).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  });

  it('is refused by all workers when one of them differs, with the names of the differences', async () => {
    const facts = { beta: 0.1, list: ['a'], 'the data': 'f00' };
    const others = [facts, { ...facts, beta: 0.2, 'the data': 'f01' }, { ...facts, list: ['a', 'b'] }];
    for (const result of await check(others))
      expect(result).toMatchObject({
        reason: {
          code: 'workers.differ',
          message:
            'Some workers would not train as worker 0 does: worker 1 (b:1) differs in beta, the data; worker 2 (c:1) differs in list.',
        },
      });
  });

  it('of another version has other facts', async () => {
    for (const result of await check([
      { a: 1, b: 2 },
      { a: 1, c: 2 },
    ]))
      expect(result).toMatchObject({
        reason: { message: expect.stringContaining('worker 1 (b:1) differs in the version of dpo') },
      });
  });
});
