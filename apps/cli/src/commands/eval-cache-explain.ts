import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { readTextFile } from '@dpo/base/files';
import {
  type CacheExplanation,
  cacheKeys,
  comparisonOf,
  explainCache,
  pairAnswers,
  questionsOf,
  readAnswers,
  replyCache,
} from '@dpo/eval';
import { place } from '@dpo/run/command-line';
import { z } from 'zod';
import { defineCommand } from '../command/define.js';
import { type WinrateOptions, winrateOptions } from '../options/winrate.js';
import { FILES } from '../tasks/winrate/collect-answers.js';
import { askedAs, repliesFolder } from '../tasks/winrate/endpoint-judge.js';
import { templateOf } from '../tasks/winrate/open-judge.js';

/** `dpo eval cache explain`: which questions of a win rate the cache answers, and why not the others. */
export const evalCacheExplainCommand = defineCommand({
  name: 'eval cache explain',
  summary: "Say which questions of a win rate a judge's cache answers, and why not the others",
  positional: ['run'],
  options: z.strictObject({
    run: place('input').describe('The folder of a win rate whose judge was behind an address'),
    json: z.boolean().default(false).describe('One JSON object on standard output'),
  }),
  details:
    'Nothing is asked. Each question without a reply is compared with the reply that differs in the fewest parts.',
  run: async ({ run, json }, context) => {
    const options = await optionsOfRun(run);
    const asking = await askedAs(options, await templateOf(options));
    if (asking === undefined)
      throw new DpoError('eval.no-endpoint', `${run} was not judged behind an address: no cache answers it.`, {
        values: { folder: run },
      });
    const [model, baseline] = await Promise.all(
      [FILES.model, FILES.baseline].map((name) => readAnswers(join(run, name))),
    );
    const { pairs } = pairAnswers(model ?? [], baseline ?? []);
    const { seed, orders, repetition: repetitionShare } = options;
    const keyOf = cacheKeys(asking);
    const questions = questionsOf(pairs, { seed, orders, repetitionShare }).map(comparisonOf);
    const explanation = explainCache(
      questions.map((question) => keyOf(question)),
      await replyCache(repliesFolder()).keys(),
    );
    for (const line of json ? [JSON.stringify(explanation, null, 2)] : explanationLines(explanation)) context.out(line);
    return 0;
  },
});

/** The options of a win rate, from its folder. The folder may have been moved. */
async function optionsOfRun(run: string): Promise<WinrateOptions> {
  const path = join(run, 'config.json');
  const bad = (cause?: unknown) =>
    new DpoError('eval.no-winrate', `${run} is no folder of dpo eval winrate.`, { values: { folder: run }, cause });
  const text = await readTextFile(path).catch((cause: unknown) => {
    throw bad(cause);
  });
  let config: { readonly command?: unknown; readonly options?: unknown };
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw bad(cause);
  }
  const options = winrateOptions.safeParse(config.options);
  if (config.command !== 'eval winrate' || !options.success) throw bad(options.error);
  return { ...options.data, output: run };
}

function explanationLines({ questions, hits, misses, replies }: CacheExplanation): string[] {
  return [
    `${hits} of ${questions} questions have a reply in the cache, which holds ${replies}.`,
    ...misses.map(
      ({ differs, questions: count, was, is }) =>
        `  ${count} differ from the nearest reply in ${differs.join(', ')}: ${differs[0]} was ${was}, and is ${is}.`,
    ),
  ];
}
