import { DpoError, type Text } from '@dpo/base';
import type { Reward, RewardRequest } from '@dpo/core';
import { isChat, type PlacedRows, type PromptRow, type PromptWithAnswers } from '@dpo/data';
import type { Scorer } from '../scoring/open-scorer.js';
import type { OpenReward, RewardTexts } from './opened-reward.js';

/** Seconds that a reward model has for a batch: long enough for a large one on a processor. */
const SECONDS = 600;

const HINT = 'then go on with --resume: nothing that was trained is lost.';

/**
 * A model as a reward. The model reads texts by its own tokenizer and chat template, which may be others than the policy's.
 *
 * @param seconds that the rewards of a batch may take, looked at after each forward pass. Default 600.
 */
export function modelReward(scorer: Scorer, seconds: number = SECONDS): OpenReward {
  return {
    check: (rows) => checkReads(scorer, rows),
    of: (texts) => inTime(scorer, texts, seconds),
    close: async () => scorer.dispose(),
  };
}

/** An answer in the form of its prompt: a message after a conversation. */
function inForm({ prompt }: PromptRow, content: string): Text {
  return isChat(prompt) ? [{ role: 'assistant', content }] : content;
}

/** Throws `reward.cannot-read`, naming the prompt, when the model's tokenizer or chat template cannot take a prompt with an answer. */
async function checkReads(scorer: Scorer, rows: readonly PromptRow[] & PlacedRows): Promise<void> {
  const { placeOf } = rows;
  const prompts = rows.map((row) => ({ ...row, answers: [inForm(row, 'Yes.')] }));
  await scorer.read(Object.assign(prompts, placeOf && { placeOf })).catch((cause: unknown) => {
    throw cannotRead(scorer, cause);
  });
}

/** The error of a text that a reward model cannot take; any other error as it is. */
function cannotRead({ name }: Scorer, cause: unknown): unknown {
  if (!DpoError.is(cause)) return cause;
  return new DpoError('reward.cannot-read', `The reward model ${name} cannot read the prompts. ${cause.message}`, {
    values: { ...cause.values, reward: name, why: cause.code },
    hint: 'Take a reward model for texts of this kind: conversations need its chat template, long prompts a model that reads as many tokens.',
    cause,
  });
}

/** Scores a batch of requests, and gives up after the forward pass during which the time ran out. */
function inTime(scorer: Scorer, texts: RewardTexts, seconds: number): Reward {
  return async (requests) => {
    const prompts = requests.map((request): PromptWithAnswers => {
      const row = texts.rowOf(request);
      return { ...row, answers: texts.answersOf(request).map((answer) => inForm(row, answer)) };
    });
    const deadline = performance.now() + 1000 * seconds;
    const late = new AbortController();
    const isLate = () => performance.now() > deadline;
    const onProgress = () => {
      if (isLate()) late.abort();
    };
    try {
      const rewards = await scorer.score(prompts, { signal: late.signal, onProgress });
      if (!isLate()) return rewards;
    } catch (cause) {
      if (!late.signal.aborted) throw await failure(scorer, prompts, requests, cause);
    }
    throw timedOut(scorer, requests, seconds);
  };
}

/** The error of a scoring that failed; where a text cannot be read, the error names prompt and sample. */
async function failure(
  scorer: Scorer,
  prompts: readonly PromptWithAnswers[],
  requests: readonly RewardRequest[],
  cause: unknown,
): Promise<unknown> {
  for (const [g, row] of prompts.entries())
    for (const [sample, answer] of row.answers.entries()) {
      const error = await scorer.read([{ ...row, answers: [answer] }]).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) continue;
      const why = error instanceof Error ? error.message : String(error);
      const prompt = requests[g]?.row;
      return new DpoError('reward.failed', `${scorer.name} cannot read sample ${sample} of prompt ${prompt}: ${why}`, {
        values: { prompt, samples: [sample], why },
        hint: `Take a reward model that reads such answers, ${HINT}`,
        cause: error,
      });
    }
  return cause;
}

function timedOut({ name }: Scorer, requests: readonly RewardRequest[], seconds: number): DpoError {
  const prompts = requests.map(({ row }) => row);
  const samples = Math.max(...requests.map(({ answers }) => answers.length));
  return new DpoError(
    'reward.timed-out',
    `${name} did not score samples 0 to ${samples - 1} of prompts ${prompts.join(', ')} within ${seconds} s.`,
    { values: { prompts, samples, seconds }, hint: `Allow more by --reward-seconds, ${HINT}` },
  );
}
