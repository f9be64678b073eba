import type { JudgedPair } from '../judge.js';
import { judgePairs } from '../judge-pairs.js';
import { judgeTemplate } from '../template.js';
import { chatJudge } from './chat-judge.js';
import { ledger } from './ledger.js';
import { replyCache } from './reply-cache.js';

/** Questions that are open at a time. A kill may lose as many: paid for, and not yet in the cache. */
export const AT_A_TIME = 4;

/** Pairs whose texts say which answer is better: the model's when the number is even. */
export const pairsToKill: readonly JudgedPair[] = Array.from({ length: 100 }, (_, i) => ({
  promptId: `p${i}`,
  prompt: `Prompt ${i}`,
  model: i % 2 === 0 ? `good ${i}` : `poor ${i}`,
  baseline: i % 2 === 0 ? `poor ${i}` : `good ${i}`,
}));

/** Has the judge behind an address judge all pairs, or the rest of them. */
export async function judgeInFolder(address: string, folder: string): Promise<void> {
  const judge = await chatJudge({
    ...{ address, model: 'judge', template: judgeTemplate('helpful'), rung: 'text' },
    ledger: ledger({ price: undefined, maxCost: undefined }),
    cache: replyCache(`${folder}/cache`),
    concurrency: AT_A_TIME,
  });
  await judgePairs({ pairs: pairsToKill, judge, file: `${folder}/verdicts.jsonl` });
}

const [, , address, folder] = process.argv;
if (process.env.DPO_KILL_JUDGING === '1' && address !== undefined && folder !== undefined)
  await judgeInFolder(address, folder);
