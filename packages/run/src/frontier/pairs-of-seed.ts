import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere, makeFolder, readTextFile, writeFileAtomic } from '@dpo/base/files';
import { type PreferencePair, writePreferences } from '@dpo/data';
import { buildPairs } from '@dpo/eval';
import type { TextSample } from '../texts/sample-texts.js';
import type { Judge } from './judge.js';
import type { ResolvedRecipe } from './recipe.js';
import { writeJson } from './stored-frontier.js';

/** The data on which the runs of a seed train. */
export interface SeedData {
  /** The path of the pairs. */
  readonly pairs: string;
  /** The path of the prompts. */
  readonly prompts: string;
  readonly facts: PairFacts;
}

/** The cost and the lengths of a seed's pairs, as `pairs.json` keeps them. */
export interface PairFacts {
  /** Answers that were drawn and rated. */
  readonly samples: number;
  readonly pairs: number;
  /** Tokens of the chosen answers of all pairs. */
  readonly chosenTokens: number;
  /** Tokens of the rejected answers of all pairs. */
  readonly rejectedTokens: number;
  /** Seconds for drawing and rating. */
  readonly seconds: number;
}

/**
 * Makes the pairs of a seed: draws answers of the start, rates them by the true reward, and pairs the best with the worst. Pairs that
 * the folder has from an earlier start are read.
 *
 * @throws {DpoError} `frontier.no-pairs` when no pair can be made; what drawing, the reward and files throw
 */
export async function pairsOfSeed(
  folder: string,
  { recipe, judge, seed }: { readonly recipe: ResolvedRecipe; readonly judge: Judge; readonly seed: number },
  onProgress: (share: number) => void,
): Promise<SeedData> {
  const pairsPath = join(folder, 'pairs.arrow');
  const promptsPath = join(folder, 'prompts.jsonl');
  const factsPath = join(folder, 'pairs.json');
  const paths = { pairs: pairsPath, prompts: promptsPath };
  // The facts are written last, so that they say that the other two files are whole.
  if (await isThere(factsPath)) return { ...paths, facts: JSON.parse(await readTextFile(factsPath)) as PairFacts };
  const start = performance.now();
  await makeFolder(folder);
  const samples = await judge.draw(recipe.prompts, { samples: recipe.pairs.samples, seed, onProgress });
  const rewards = await judge.reward(samples);
  const { pairs, chosenTokens, rejectedTokens } = pairsFrom(samples, rewards, recipe.pairs.perPrompt);
  if (pairs.length === 0) throw noPairs(samples, seed);
  await writePreferences(pairs, pairsPath);
  await writeLines(
    promptsPath,
    recipe.prompts.map((prompt) => ({ prompt })),
  );
  const facts: PairFacts = {
    ...{ samples: samples.length, pairs: pairs.length, chosenTokens, rejectedTokens },
    seconds: (performance.now() - start) / 1000,
  };
  await writeJson(factsPath, facts);
  return { ...paths, facts };
}

function noPairs(samples: readonly TextSample[], seed: number): DpoError {
  const unusable = samples.filter(({ answer }) => answer === undefined).length;
  return new DpoError(
    'frontier.no-pairs',
    `No pair can be made of the ${samples.length} answers of seed ${seed}: ${unusable} do not encode to the tokens that were drawn, and the other answers to each prompt have the same reward.`,
    {
      values: { seed, samples: samples.length, leftOut: unusable },
      hint: 'Draw more answers (pairs.samples in the recipe), or take another reward.',
    },
  );
}

/** Pairs of the samples whose texts encode to the tokens that were drawn; the other samples are left out. */
function pairsFrom(samples: readonly TextSample[], rewards: readonly number[], perPrompt: number) {
  const ratedAnswers = samples.flatMap(({ prompt, index, answer, logp, tokens }, i) =>
    answer === undefined
      ? []
      : [{ prompt, index, text: answer, reward: rewards[i] as number, logp, tokens: tokens.length }],
  );
  const builtPairs = buildPairs(ratedAnswers, { perPrompt, source: 'frontier' });
  return {
    pairs: builtPairs.map(({ pair }): PreferencePair => pair),
    chosenTokens: builtPairs.reduce((sum, { chosen }) => sum + chosen.tokens, 0),
    rejectedTokens: builtPairs.reduce((sum, { rejected }) => sum + rejected.tokens, 0),
  };
}

async function writeLines(path: string, rows: readonly object[]): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
}
