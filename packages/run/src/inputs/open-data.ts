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

/** Is told of rows that cannot be encoded, which are left out; without it the first one ends the command. */
type OnError = EncodeOptions['onError'];

/** The longest sequence that is read where the user names none. */
const LONGEST = 1024;

/** Encodes a dataset for a model, within what the model takes, and says what was cut. */
export async function encodeFor<Given, Row extends RowCuts>(
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: ModelTokenizer },
  dataset: Dataset<Given>,
  encode: Encoder<Given, Row>,
  { maxPromptLength, eos, tokenCache, ...options }: LengthOptions,
  context: RunContext,
  onError?: OnError,
): Promise<Row[]> {
  const maxLength = Math.min(options.maxLength ?? LONGEST, model.maxPositions);
  const limits = { maxLength, maxPromptLength, eos };
  const rows = await encodeMany(dataset, encode, tokenizer, { ...limits, tokenCache, onError }, context);
  const cuts = cutSummary(rows);
  if (cuts.truncatedRows > 0) context.note(cutNote(cuts, maxLength));
  return rows;
}

/** Rows of which the first few say how long the texts of all are. */
const MEASURED = 64;
/** Fewer rows are encoded before threads would have started. */
const FEW = 1000;

/** The tokens of all rows: of many, by the native tokenizer where it is installed, or in threads. */
async function encodeMany<Given, Row>(
  dataset: Dataset<Given>,
  encode: Encoder<Given, Row>,
  tokenizer: ModelTokenizer,
  options: EncodeOptions & { readonly tokenCache?: boolean | undefined },
  context: RunContext,
): Promise<Row[]> {
  if (dataset.length < FEW) return inPieces(encode.steps(dataset, tokenizer, options), context.signal);
  const measured = Array.from({ length: MEASURED }, (_, row) => JSON.stringify(dataset.at(row)).length);
  const units = (measured.reduce((sum, length) => sum + length, 0) / MEASURED) * dataset.length;
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
      onProgress: (rows, total) => context.progress(`Tokenising: ${rows} of ${total} rows`),
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
