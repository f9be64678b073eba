import { join } from 'node:path';
import { inPieces } from '@dpo/base';
import {
  type CutSummary,
  cutSummary,
  type Dataset,
  type EncodeOptions,
  type Encoder,
  encodeAhead,
  openTokenCache,
  type RowCuts,
} from '@dpo/data';
import { cacheFolder } from '@dpo/engine';
import { type LanguageModel, type ModelTokenizer, openBatchEncoder } from '@dpo/models';
import type { RunContext } from '../context.js';

/** Where texts are cut, in tokens, and whether answers get an end-of-text token. */
export interface LengthOptions {
  readonly maxLength?: number | undefined;
  readonly maxPromptLength?: number | undefined;
  readonly eos?: boolean | undefined;
  /** Keeps tokens from run to run. */
  readonly tokenCache?: boolean | undefined;
}

/** Called for each row that cannot be encoded, which is left out. Without a callback the first of these rows ends the command. */
type OnError = EncodeOptions['onError'];

/** The longest prompt and answer together, in tokens, when the user gives no length. */
const LONGEST = 1024;

/**
 * Encodes a dataset for a model, cut to the positions of the model, and notes what was cut.
 *
 * @throws DpoError the error of the first row that cannot be encoded, when there is no `onError`
 */
export async function encodeFor<Row, Example extends RowCuts>(
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: ModelTokenizer },
  dataset: Dataset<Row>,
  encode: Encoder<Row, Example>,
  { maxPromptLength, eos, tokenCache, ...options }: LengthOptions,
  context: RunContext,
  onError?: OnError,
): Promise<Example[]> {
  const maxLength = Math.min(options.maxLength ?? LONGEST, model.maxPositions);
  const limits = { maxLength, maxPromptLength, eos };
  const examples = await encodeMany(dataset, encode, tokenizer, { ...limits, tokenCache, onError }, context);
  const cuts = cutSummary(examples);
  if (cuts.truncatedRows > 0) context.note(cutNote(cuts, maxLength));
  return examples;
}

/** How many of the first rows are measured, to estimate the length of all texts. */
const MEASURED_ROWS = 64;
/** Fewer rows than these are encoded before threads would have started. */
const FEW = 1000;

/** The examples of all rows. Many rows are encoded by the native tokenizer, when it is installed, or in threads. */
async function encodeMany<Row, Example>(
  dataset: Dataset<Row>,
  encode: Encoder<Row, Example>,
  tokenizer: ModelTokenizer,
  options: EncodeOptions & { readonly tokenCache?: boolean | undefined },
  context: RunContext,
): Promise<Example[]> {
  if (dataset.length < FEW) return inPieces(encode.steps(dataset, tokenizer, options), context.signal);
  const lengths = Array.from({ length: MEASURED_ROWS }, (_, row) => JSON.stringify(dataset.at(row)).length);
  const units = (lengths.reduce((sum, length) => sum + length, 0) / MEASURED_ROWS) * dataset.length;
  const batch = await openBatchEncoder(tokenizer, { units });
  if (batch.note !== undefined)
    context.note(`The native tokenizer is not used: ${batch.note}. The ids are the same, only slower.`);
  const cache = options.tokenCache
    ? await openTokenCache(
        join(cacheFolder(), 'tokens'),
        {
          dataset: await dataset.fingerprintInPieces(context.signal),
          files: tokenizer.files,
          ends: tokenizer.endTokenIds,
        },
        {
          onDamaged: (path) =>
            context.note(
              `${path}, a store of tokens, is damaged: it is thrown away, and the tokens are computed again.`,
            ),
        },
      )
    : undefined;
  try {
    return await encodeAhead(dataset, encode, tokenizer, batch, {
      ...options,
      cache,
      signal: context.signal,
      onProgress: (done, total) => context.progress(`Tokenising: ${done} of ${total} rows`),
    });
  } finally {
    await batch.close();
  }
}

function cutNote(cuts: CutSummary, maxLength: number): string {
  return (
    `${cuts.truncatedRows} of ${cuts.rows} rows were cut to ${maxLength} tokens: ${cuts.truncatedPrompts} prompts ` +
    `lost ${cuts.promptTokensCut} tokens, ${cuts.truncatedAnswers} answers ${cuts.answerTokensCut}. ` +
    'An answer that was cut has no end-of-text token. --max-length and --max-prompt-length set the limits.'
  );
}
