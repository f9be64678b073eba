import { parseJsonObject } from '@dpo/base';
import { byteLevelTokenizerJson } from './byte-level.js';
import { gpt2End } from './special-tokens.js';
import { wordPieceTokenizerJson } from './word-piece.js';

type Files = Readonly<Record<string, string>>;

/** Whether a model's files include a tokenizer. */
export function hasTokenizer(files: Files): boolean {
  return 'tokenizer.json' in files || ('vocab.json' in files && 'merges.txt' in files) || 'vocab.txt' in files;
}

/**
 * The `tokenizer.json` of an older tokenizer: `vocab.json` and `merges.txt` (GPT-2 and, with its special tokens, RoBERTa), or
 * `vocab.txt` (BERT, DistilBERT). Facts that are missing in the files come from transformers' tokenizer classes. Undefined without
 * such files.
 *
 * @param config the parsed `tokenizer_config.json`
 */
export function tokenizerJsonOfVocabulary(
  files: Files,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const { 'vocab.json': vocab, 'merges.txt': merges, 'vocab.txt': words } = files;
  if (vocab !== undefined && merges !== undefined) return byteLevel(vocab, merges);
  return words === undefined ? undefined : wordPiece(words, config);
}

function byteLevel(vocab: string, merges: string): Record<string, unknown> {
  const lines = merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
  const ids = parseJsonObject(vocab, 'vocab.json') as Record<string, number>;
  const specialTokens = (tokens: readonly string[]) =>
    tokens.flatMap((content) =>
      Object.hasOwn(ids, content) ? [{ id: ids[content] as number, content, special: true }] : [],
    );
  const roberta = specialTokens(['<s>', '<pad>', '</s>', '<unk>', '<mask>']);
  if (!['<s>', '<pad>', '</s>', '<unk>'].every((token) => Object.hasOwn(ids, token)))
    return byteLevelTokenizerJson(ids, lines, { addedTokens: specialTokens([gpt2End]) });
  const postProcessor = {
    type: 'RobertaProcessing',
    sep: ['</s>', ids['</s>']],
    cls: ['<s>', ids['<s>']],
    trim_offsets: true,
    add_prefix_space: false,
  };
  return byteLevelTokenizerJson(ids, lines, { addedTokens: roberta, postProcessor });
}

function wordPiece(text: string, config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const words = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (words.at(-1) === '') words.pop();
  const ids = new Map<string, number>();
  for (const [id, word] of words.entries()) if (!ids.has(word)) ids.set(word, id);
  const addedTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].flatMap((content) => {
    const id = ids.get(content);
    const exact = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    return id === undefined ? [] : [{ id, content, ...exact }];
  });
  const [cls, sep] = [ids.get('[CLS]'), ids.get('[SEP]')];
  const around = { type: 'BertProcessing', sep: ['[SEP]', sep], cls: ['[CLS]', cls] };
  return wordPieceTokenizerJson(Object.fromEntries(ids), {
    lowercase: config.do_lower_case !== false,
    stripAccents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
    chinese: config.tokenize_chinese_chars !== false,
    unknownToken: '[UNK]',
    addedTokens,
    postProcessor: cls === undefined || sep === undefined ? undefined : around,
  });
}
