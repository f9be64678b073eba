import { inPieces, pauses } from '@dpo/base';
import {
  type EncodedPrompt,
  encodePrompts,
  type PlacedRows,
  type PromptRow,
  type TemplateInputs,
  type Text,
} from '@dpo/data';
import { generate, type LanguageModel, type ModelTokenizer } from '@dpo/models';

/** What to draw from a model. */
export interface SampleOptions {
  /** Samples to a prompt. */
  readonly samples: number;
  readonly maxNewTokens: number;
  /** 1 draws from the model's own distribution, 0 takes the likeliest token. */
  readonly temperature: number;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed: number;
  /** A text that ends an answer. It is not part of the answer's `text`, but of its `tokens` and `answer`. */
  readonly stop?: string | undefined;
  /** Rows that are decoded together. */
  readonly batchSize?: number | undefined;
  readonly onProgress?: ((tokens: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One sampled answer. `dpo generate` writes these, one JSON object to a line. */
export interface TextSample extends TemplateInputs {
  /** The prompt's number, counted from 0. */
  readonly index: number;
  /** The sample's number among those of its prompt. */
  readonly sample: number;
  readonly prompt: Text;
  /** The answer as people read it, without special tokens. */
  readonly text: string;
  /**
   * The answer as data, with the special tokens that the model drew; absent where encoding it would give other tokens than
   * the model drew, since its log-probability would then belong to another answer.
   */
  readonly answer?: string;
  /** log π(text | prompt) under the model at temperature 1, in nats, summed over the tokens. */
  readonly logp: number;
  /** Whether the model ended the answer itself. */
  readonly finished: boolean;
  readonly promptTokens: readonly number[];
  /** The answer's tokens, with the end-of-text token where the model drew it. */
  readonly tokens: readonly number[];
}

/** Draws answers to prompts, `samples` to each, in the order of the prompts. */
export async function sampleTexts(
  model: LanguageModel,
  tokenizer: ModelTokenizer,
  prompts: readonly (Text | PromptRow)[] & PlacedRows,
  options: SampleOptions,
): Promise<TextSample[]> {
  const encoded = await inPieces(encodePrompts.steps(prompts, tokenizer), options.signal);
  const { stop } = options;
  const generations = await generate(
    model,
    encoded.map(({ tokens }) => tokens),
    {
      ...options,
      stopTokens: tokenizer.endTokenIds,
      stopWhen: stop === undefined ? undefined : endsWith(stop, tokenizer),
    },
  );
  const samples: TextSample[] = [];
  const pause = pauses(options.signal);
  for (const { prompt, sample, tokens, logps, finished } of generations) {
    const { text: before, tokens: promptTokens } = encoded[prompt] as EncodedPrompt;
    const answer = tokenizer.decodeAfter(promptTokens, tokens);
    const row = asRow(prompts[prompt] as Text | PromptRow);
    const apart = tokenizer.answersApart && typeof row.prompt === 'string';
    const again = apart ? tokenizer.encode(answer) : tokenizer.encodeAfter(before, answer);
    const exact = again.join() === tokens.join();
    samples.push({
      index: prompt,
      sample,
      ...row,
      text: beforeStop(tokenizer.decodeAfter(promptTokens, tokens, { skipSpecialTokens: true }), stop),
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

/**
 * Whether the newest token completes a text. Of the tokens only the last are decoded, enough for the text at one byte to a
 * token, since all of them at every step would take longer and longer.
 */
function endsWith(stop: string, tokenizer: ModelTokenizer): (tokens: readonly number[]) => boolean {
  const most = Buffer.byteLength(stop) + 8;
  return (tokens) => tokenizer.decode(tokens.slice(-most)).includes(stop);
}

function beforeStop(text: string, stop: string | undefined): string {
  const at = stop === undefined ? -1 : text.indexOf(stop);
  return at < 0 ? text : text.slice(0, at);
}
