import { createHash } from 'node:crypto';
import { DpoError, inPieces } from '@dpo/base';
import { encodePrompts, type PromptRow } from '@dpo/data';
import type { LanguageModel, ModelTokenizer } from '@dpo/models';
import type { RunContext } from '../context.js';
import { readPrompts } from '../inputs/read-lines.js';

/** The prompts of a file. */
export interface Prompts {
  readonly path: string;
  readonly rows: Awaited<ReturnType<typeof readPrompts>>;
  /** SHA-256 of all prompts. */
  readonly fingerprint: string;
}

/**
 * Reads prompts, before a model is opened.
 *
 * @throws {DpoError} `data.empty-dataset` when there are none, `data.broken-row` for a line without a prompt
 */
export async function openPrompts(path: string, context: RunContext): Promise<Prompts> {
  const rows = await readPrompts(path, context);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([...rows]))
    .digest('hex');
  return { path, rows, fingerprint };
}

/** A prompt in tokens, with room for an answer. */
export interface ReadyPrompt {
  readonly tokens: Int32Array;
  /** The prompt as the data have it. */
  readonly row: PromptRow;
}

/**
 * Turns prompts into tokens. A prompt of more than `maxPromptLength` tokens loses its beginning.
 *
 * @throws {DpoError} `generate.too-long`, naming the row, when a prompt leaves no room for an answer; `data.empty-prompt`
 */
export async function encodedPrompts(
  { path, rows }: Prompts,
  { model, tokenizer }: { readonly model: LanguageModel; readonly tokenizer: ModelTokenizer },
  { maxPromptLength, maxNewTokens }: { readonly maxPromptLength?: number | undefined; readonly maxNewTokens: number },
  { signal }: RunContext,
): Promise<readonly ReadyPrompt[]> {
  const encoded = await inPieces(encodePrompts.steps(rows, tokenizer, { maxPromptLength }), signal);
  const room = model.maxPositions - maxNewTokens;
  return encoded.map(({ tokens }, row) => {
    if (tokens.length > room || tokens.length === 0)
      throw new DpoError(
        tokens.length === 0 ? 'data.empty-prompt' : 'generate.too-long',
        `Prompt ${row} of ${path} has ${tokens.length} tokens, where ${Math.max(0, room)} leave room for ${maxNewTokens} new ones.`,
        {
          values: { path, row, tokens: tokens.length, maxNewTokens, positions: model.maxPositions },
          hint: 'Give a shorter --max-new-tokens, or cut prompts by --max-prompt-length.',
        },
      );
    return { tokens, row: rows[row] as PromptRow };
  });
}
