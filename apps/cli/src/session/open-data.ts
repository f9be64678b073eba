import {
  type CutSummary,
  cutSummary,
  type Dataset,
  type EncodeOptions,
  type RowCuts,
  type TextEncoder_,
} from '@dpo/data';
import type { LanguageModel, Tokenizer } from '@dpo/models';
import type { Context } from '../command/define.js';

/** Where texts are cut, in tokens, and whether answers get an end-of-text token. */
export interface LengthOptions {
  readonly maxLength?: number | undefined;
  readonly maxPromptLength?: number | undefined;
  readonly eos?: boolean | undefined;
}

/** The longest sequence that is read where the user names none. */
const LONGEST = 1024;

/** Turns rows of a kind into tokens: `encodePairs` and its like. */
export type Encode<Given, Row> = (dataset: Iterable<Given>, tokenizer: TextEncoder_, options: EncodeOptions) => Row[];

/** Encodes a dataset for a model, within what the model takes, and says what was cut. */
export function encodeFor<Given, Row extends RowCuts>(
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: Tokenizer },
  dataset: Dataset<Given>,
  encode: Encode<Given, Row>,
  options: LengthOptions,
  context: Context,
): Row[] {
  const maxLength = Math.min(options.maxLength ?? LONGEST, model.maxPositions);
  const rows = encode(dataset, tokenizer, { ...options, maxLength });
  const cuts = cutSummary(rows);
  if (cuts.truncatedRows > 0) context.note(cutNote(cuts, maxLength));
  return rows;
}

function cutNote(cuts: CutSummary, maxLength: number): string {
  return (
    `${cuts.truncatedRows} of ${cuts.rows} rows were cut to ${maxLength} tokens: ${cuts.truncatedPrompts} prompts ` +
    `lost ${cuts.promptTokensCut} tokens, ${cuts.truncatedAnswers} answers ${cuts.answerTokensCut}. ` +
    'An answer that was cut has no end-of-text token. --max-length and --max-prompt-length set the limits.'
  );
}
