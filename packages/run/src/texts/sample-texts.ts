import { inPieces, pauses } from '@dpo/base';
import {
  type EncodedPrompt,
  encodePrompts,
  type PlacedRows,
  type PromptRow,
  type TemplateInputs,
  type Text,
} from '@dpo/data';
import type { Collective } from '@dpo/engine';
import { generate, type LanguageModel, type ModelTokenizer } from '@dpo/models';
import { stopText } from './stop-text.js';

/** How answers are drawn from a model. */
export interface SampleOptions {
  /** Samples to a prompt. */
  readonly samples: number;
  /** The longest answer, in tokens. */
  readonly maxNewTokens: number;
  /** 1 draws from the model's own distribution, 0 takes the likeliest token. */
  readonly temperature: number;
  /** Draws from the likeliest tokens that hold this much probability. Default: all tokens. */
  readonly topP?: number | undefined;
  /** Draws from this many likeliest tokens. Default: all tokens. */
  readonly topK?: number | undefined;
  readonly seed: number;
  /** A text that ends an answer. The text belongs to the answer's `tokens` and `answer`, but not to its `text`. */
  readonly stop?: string | undefined;
  /** How many samples are decoded together. Default: the default of `generate`. */
  readonly batchSize?: number | undefined;
  /** Called with how many tokens have been drawn. */
  readonly onProgress?: ((tokens: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Workers that share the batches of `generate`, and all get all samples. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}

/** A sample. `dpo generate` writes samples as JSON objects, a line to each. */
export interface TextSample extends TemplateInputs {
  /** The prompt's number, counted from 0. */
  readonly index: number;
  /** The sample's number among the samples of its prompt, counted from 0. */
  readonly sample: number;
  readonly prompt: Text;
  /** The answer as people read it, without special tokens. */
  readonly text: string;
  /**
   * The answer as data, with the special tokens that the model drew. Absent when encoding the answer would give other tokens than
   * the model drew: `logp` would then belong to another answer.
   */
  readonly answer?: string;
  /** log π(text | prompt) under the model at temperature 1, in nats, summed over the tokens. */
  readonly logp: number;
  /** Whether the model ended the answer itself. */
  readonly finished: boolean;
  readonly promptTokens: readonly number[];
  /** The answer's tokens, with the end-of-text token if the model drew one. */
  readonly tokens: readonly number[];
}

/**
 * Draws answers to prompts, `samples` to each, in the order of the prompts.
 *
 * @throws DpoError the errors of encoding prompts, naming the row, and of `generate`; the signal's reason when it is aborted
 */
export async function sampleTexts(
  model: LanguageModel,
  tokenizer: ModelTokenizer,
  prompts: readonly (Text | PromptRow)[] & PlacedRows,
  options: SampleOptions,
): Promise<TextSample[]> {
  const encodedPrompts = await inPieces(encodePrompts.steps(prompts, tokenizer), options.signal);
  const stop = stopText(options.stop, tokenizer);
  const generations = await generate(
    model,
    encodedPrompts.map(({ tokens }) => tokens),
    {
      ...options,
      stopTokens: tokenizer.endTokenIds,
      stopWhen: stop.completes,
    },
  );
  const samples: TextSample[] = [];
  const pause = pauses(options.signal);
  for (const { prompt, sample, tokens, logps, finished } of generations) {
    const { text: before, tokens: promptTokens } = encodedPrompts[prompt] as EncodedPrompt;
    const answer = tokenizer.decodeAfter(promptTokens, tokens);
    const row = asRow(prompts[prompt] as Text | PromptRow);
    const apart = tokenizer.answersApart && typeof row.prompt === 'string';
    const reencoded = apart ? tokenizer.encode(answer) : tokenizer.encodeAfter(before, answer);
    const exact = reencoded.join() === tokens.join();
    samples.push({
      index: prompt,
      sample,
      ...row,
      text: stop.before(tokenizer.decodeAfter(promptTokens, tokens, { skipSpecialTokens: true })),
      ...(exact ? { answer } : {}),
      logp: logps.reduce((sum, logp) => sum + logp, 0),
      finished,
      promptTokens: [...promptTokens],
      tokens: [...tokens],
    });
    await pause();
  }
  return samples;
}

function asRow(prompt: Text | PromptRow): PromptRow {
  return typeof prompt === 'object' && 'prompt' in prompt ? prompt : { prompt };
}
