import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError, isObject, keepSecret } from '@dpo/base';
import { isThere, readTextIfThere, writeFileAtomic } from '@dpo/base/files';
import { cacheFolder } from '@dpo/engine';
import {
  type CacheKeysOptions,
  type ChatJudge,
  chatJudge,
  type JudgeTemplate,
  type Ledger,
  ledger,
  type Manner,
  parseAddress,
  type RungName,
  readPrice,
  readVerdicts,
  replyCache,
  rungs,
} from '@dpo/eval';
import { USAGE } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import type { WinrateOptions } from '../../options/winrate.js';

/** The folder of replies that were paid for, shared by all win rates of this user. */
export function repliesFolder(): string {
  return join(cacheFolder(), 'judge-replies');
}

/** A judge behind an address that has not been asked yet. */
export interface EndpointJudge {
  /** Asks the first questions, which show whether the judge can be asked at all. */
  readonly prepare: () => Promise<ChatJudge>;
  /** The money that was spent. */
  readonly ledger: Ledger;
}

/**
 * Checks everything about a judge behind an address that can be checked without a question.
 *
 * @throws DpoError `cli.usage` without --judge-model, or for a budget that is 0 or has no prices; `judge.no-key`; the errors of
 *   `parseAddress` and `readPrice`
 */
export async function endpointJudge(
  options: WinrateOptions,
  template: JudgeTemplate,
  context: Context,
): Promise<EndpointJudge> {
  const { judge: address, judgeModel: model, judgeKeyEnv: keyName, output } = options;
  const { isPrivate } = parseAddress(address);
  if (model === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: a judge behind an address needs --judge-model NAME.');
  const key = keyOf(keyName, address, isPrivate);
  const money = await ledgerOf(options, model);
  return {
    ledger: money,
    prepare: async () => {
      const earlier = await readManner(output);
      const judge = await chatJudge({
        ...{ address, model, template, key, keyName, ledger: money },
        ...{ concurrency: options.concurrency, temperature: options.judgeTemperature, tokens: options.judgeTokens },
        timeout: 1000 * options.judgeTimeout,
        cache: options.cache ? replyCache(repliesFolder()) : undefined,
        rung: options.judgeReply === 'auto' ? earlier?.rung.name : options.judgeReply,
        onWait: ({ milliseconds, because }) =>
          context.progress(`Waiting ${Math.ceil(milliseconds / 1000)} s for the judge: ${because}`),
        signal: context.signal,
      });
      return judge;
    },
  };
}

function keyOf(name: string, address: string, isPrivate: boolean): string | undefined {
  const key = process.env[name]?.trim() || undefined;
  if (key !== undefined) keepSecret(key);
  if (key === undefined && !isPrivate)
    throw new DpoError('judge.no-key', `There is no key for ${address}: ${name} is not set.`, {
      values: { address, variable: name },
      hint: `Set ${name} in the environment, or name another variable by --judge-key-env.`,
    });
  return key;
}

async function ledgerOf({ prices, maxCost, output }: WinrateOptions, model: string): Promise<Ledger> {
  if (maxCost === 0) throw new DpoError(USAGE, 'dpo eval winrate: --max-cost 0 pays for no question.');
  if (maxCost !== undefined && prices === undefined)
    throw new DpoError(USAGE, 'dpo eval winrate: --max-cost needs --prices, which says what tokens cost.');
  const price = prices === undefined ? undefined : await readPrice(prices, model);
  return ledger({ price, maxCost, before: price === undefined ? 0 : await costSoFar(output) });
}

/** How much the verdicts of a folder have cost. */
async function costSoFar(output: string): Promise<number> {
  const file = join(output, 'verdicts.jsonl');
  if (!(await isThere(file))) return 0;
  try {
    return (await readVerdicts(file)).verdicts.reduce((sum, { cost = 0 }) => sum + cost, 0);
  } catch (error) {
    if (DpoError.is(error, 'verdicts.empty')) return 0;
    throw error;
  }
}

const FILE = 'judge.json';

/** Writes how a judge is asked, so that an interrupted win rate goes on in the same way. */
export async function writeManner(output: string, { manner }: ChatJudge): Promise<void> {
  const { rung, lengthKey, temperature } = manner;
  const text = `${JSON.stringify({ rung: rung.name, lengthKey, temperature }, null, 2)}\n`;
  await writeFileAtomic(join(output, FILE), (path) => writeFile(path, text));
}

async function readManner(output: string): Promise<Manner | undefined> {
  const text = await readTextIfThere(join(output, FILE));
  if (text === undefined) return undefined;
  const manner: unknown = JSON.parse(text);
  if (!isObject(manner)) return undefined;
  const rung = rungs.find(({ name }) => name === (manner.rung as RungName));
  if (rung === undefined) return undefined;
  const lengthKey = manner.lengthKey === 'max_completion_tokens' ? 'max_completion_tokens' : 'max_tokens';
  return { rung, lengthKey, temperature: typeof manner.temperature === 'number' ? manner.temperature : undefined };
}

/** The judge that a win rate asked, and how, from its folder. Undefined when no judge behind an address was asked. */
export async function askedAs(options: WinrateOptions, template: JudgeTemplate): Promise<CacheKeysOptions | undefined> {
  const manner = await readManner(options.output);
  if (manner === undefined || options.judgeModel === undefined) return undefined;
  const { url: address } = parseAddress(options.judge);
  return { address, model: options.judgeModel, template, manner, tokens: options.judgeTokens };
}
