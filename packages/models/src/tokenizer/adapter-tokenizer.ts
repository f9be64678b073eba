import { parseJsonObject } from '../files/json-object.js';
import { hasTokenizer } from './vocabulary-files.js';

type Files = Readonly<Record<string, string>>;

const templates = ['chat_template.jinja', 'chat_template.json'];

/**
 * The tokenizer's files of an adapter on its base, by name. What lies beside the adapter goes before the base's: the adapter
 * was trained with it, and TRL saves it there.
 *
 * - A tokenizer beside the adapter is taken whole, as `AutoTokenizer.from_pretrained(ADAPTER)` takes it.
 * - A template beside the adapter, in whichever file, takes the place of every template of the base.
 * - What the adapter does not bring is the base's: a template beside a tokenizer without one, `generation_config.json`.
 */
export function adapterTokenizerFiles(base: Files, adapter: Files): Record<string, string> {
  const own = hasTokenizer(adapter) ? only(base, [...templates, 'generation_config.json']) : { ...base };
  const template = templateOf(base);
  if (templateOf(adapter) === undefined) {
    const lost = hasTokenizer(adapter) && template !== undefined && !templates.some((name) => name in own);
    return {
      ...own,
      ...adapter,
      ...(lost ? { 'chat_template.json': JSON.stringify({ chat_template: template }) } : {}),
    };
  }
  for (const name of templates) delete own[name];
  const config = own['tokenizer_config.json'];
  if (config !== undefined) {
    const { chat_template: _, ...rest } = parseJsonObject(config, 'tokenizer_config.json');
    own['tokenizer_config.json'] = `${JSON.stringify(rest, null, 2)}\n`;
  }
  return { ...own, ...adapter };
}

/** A template, from whichever file it is in. */
function templateOf(files: Files): unknown {
  const parsed = (name: string) => parseJsonObject(files[name] ?? '{}', name).chat_template;
  return files['chat_template.jinja'] ?? parsed('tokenizer_config.json') ?? parsed('chat_template.json');
}

function only(files: Files, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => names.includes(name)));
}
