import { isObject, parseJsonObject } from '@dpo/base';
import { hasTokenizer } from './vocabulary-files.js';

type Files = Readonly<Record<string, string>>;

/**
 * The tokenizer's files of an adapter on its base, by name. Files beside the adapter take precedence: the adapter was trained with
 * them, and TRL saves them there.
 *
 * - A tokenizer beside the adapter is used whole, as by `AutoTokenizer.from_pretrained(ADAPTER)`.
 * - A template beside the adapter, in whichever file, replaces every template of the base.
 * - Files that the adapter lacks are the base's: templates beside a tokenizer without a template, `generation_config.json`.
 */
export function adapterTokenizerFiles(base: Files, adapter: Files): Record<string, string> {
  const whole = hasTokenizer(adapter);
  const keepsTemplates = !hasTemplate(adapter);
  const fromBase = Object.entries(base).filter(([name]) =>
    isTemplateFile(name) ? keepsTemplates : !whole || name === 'generation_config.json',
  );
  const files: Record<string, string> = { ...Object.fromEntries(fromBase), ...adapter };
  if (!keepsTemplates) return withoutTemplate(files, adapter);
  return whole ? { ...templatesOfConfig(base, files), ...files } : files;
}

function isTemplateFile(name: string): boolean {
  return (
    name === 'chat_template.jinja' || name === 'chat_template.json' || name.startsWith('additional_chat_templates/')
  );
}

function hasTemplate(files: Files): boolean {
  return Object.keys(files).some(isTemplateFile) || templateIn(files) !== undefined;
}

function templateIn(files: Files): unknown {
  return parseJsonObject(files['tokenizer_config.json'] ?? '{}', 'tokenizer_config.json').chat_template ?? undefined;
}

/** The files without the template in the base's configuration: the adapter has its own template in a file. */
function withoutTemplate(files: Record<string, string>, adapter: Files): Record<string, string> {
  const config = files['tokenizer_config.json'];
  if (config === undefined || adapter['tokenizer_config.json'] !== undefined) return files;
  const { chat_template: _, ...rest } = parseJsonObject(config, 'tokenizer_config.json');
  return { ...files, 'tokenizer_config.json': `${JSON.stringify(rest, null, 2)}\n` };
}

/**
 * The templates in the base's configuration as files of their own, since the configuration is the adapter's. None when there are
 * files with templates.
 */
function templatesOfConfig(base: Files, files: Files): Record<string, string> {
  if (Object.keys(files).some((name) => isTemplateFile(name) && name !== 'chat_template.json')) return {};
  const template = templateIn(base);
  const entries: unknown[] = Array.isArray(template) ? template : [{ name: 'default', template }];
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] =>
      isObject(entry) && typeof entry.name === 'string' && typeof entry.template === 'string'
        ? [[fileOf(entry.name), entry.template]]
        : [],
    ),
  );
}

function fileOf(name: string): string {
  return name === 'default'
    ? 'chat_template.jinja'
    : `additional_chat_templates/${name.replace(/[^\w.-]/g, '_')}.jinja`;
}
