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

/** What the runs of a seed are trained on. */
export interface SeedData {
  readonly pairs: string;
  readonly prompts: string;
  readonly facts: PairFacts;
}

/** What the pairs cost, and how long they are. */
export interface PairFacts {
  /** Answers that were drawn and rated. */
  readonly samples: number;
  readonly pairs: number;
  /** Tokens of the answers of all pairs. */
  readonly chosenTokens: number;
  readonly rejectedTokens: number;
  readonly seconds: number;
}

/**
 * The pairs of a seed: answers of the start, labelled by the true reward, the best with the worst. What a run before left is taken.
 *
 * @throws DpoError `frontier.no-pairs` where all answers to each prompt are worth the same
 */
export async function pairsOfSeed(
  folder: string,
  { recipe, judge, seed }: { readonly recipe: ResolvedRecipe; readonly judge: Judge; readonly seed: number },
  onProgress: (share: number) => void,
): Promise<SeedData> {
  const [pairs, prompts, known] = ['pairs.arrow', 'prompts.jsonl', 'pairs.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  // The facts are written last: where they are, the rest is.
  if (await isThere(known)) return { pairs, prompts, facts: JSON.parse(await readTextFile(known)) as PairFacts };
  const started = performance.now();
  await makeFolder(folder);
  const { samples, perPrompt } = recipe.pairs;
  const drawn = await judge.draw(recipe.prompts, { samples, seed, onProgress });
  const { made, chosenTokens, rejectedTokens } = pairsFrom(drawn, await judge.reward(drawn), perPrompt);
  if (made.length === 0) throw noPairs(drawn, seed);
  await writePreferences(made, pairs);
  await writeLines(
    prompts,
    recipe.prompts.map((prompt) => ({ prompt })),
  );
  const facts: PairFacts = {
    ...{ samples: drawn.length, pairs: made.length, chosenTokens, rejectedTokens },
    seconds: (performance.now() - started) / 1000,
  };
  await writeJson(known, facts);
  return { pairs, prompts, facts };
}

function noPairs(drawn: readonly TextSample[], seed: number): DpoError {
  const left = drawn.filter(({ answer }) => answer === undefined).length;
  return new DpoError(
    'frontier.no-pairs',
    `No pair can be made of the ${drawn.length} answers of seed ${seed}: ${left} would be encoded otherwise than they were drawn, and the others to each prompt have the same reward.`,
    {
      values: { seed, samples: drawn.length, leftOut: left },
      hint: 'Draw more answers (pairs.samples in the recipe), or take another reward.',
    },
  );
}

/** Answers that would be encoded otherwise than they were drawn are left out. */
function pairsFrom(drawn: readonly TextSample[], rewards: readonly number[], perPrompt: number) {
  const rated = drawn.flatMap(({ prompt, index, answer, logp, tokens }, i) =>
    answer === undefined
      ? []
      : [{ prompt, index, text: answer, reward: rewards[i] as number, logp, tokens: tokens.length }],
  );
  const built = buildPairs(rated, { perPrompt, source: 'frontier' });
  return {
    made: built.map(({ pair }): PreferencePair => pair),
    chosenTokens: built.reduce((sum, { chosen }) => sum + chosen.tokens, 0),
    rejectedTokens: built.reduce((sum, { rejected }) => sum + rejected.tokens, 0),
  };
}

async function writeLines(path: string, rows: readonly object[]): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
}
