import { DpoError, isObject } from '@dpo/base';

/** A template's source, and the file of the template as errors name it. */
export interface TemplateSource {
  readonly source: string;
  readonly file: string;
}

/** The template of a conversation. @param tools whether the conversation has tools */
export type ChooseTemplate = (tools: boolean) => TemplateSource;

const additional = /^additional_chat_templates\/([^/]+)\.jinja$/;

/**
 * The templates of a tokenizer, looked up as in transformers: the files `chat_template.jinja` and
 * `additional_chat_templates/*.jinja`, else `chat_template` in `tokenizer_config.json`, which is one template or several with
 * names. Of several templates, `tool_use` is for conversations with tools, and `default` for all others.
 *
 * Undefined when there is no template. With `chat_template.json` alone, which transformers reads for processors of images and
 * sound but not for tokenizers, the returned function throws.
 *
 * @param where the tokenizer's folder, for messages
 * @throws {DpoError} from the returned function `tokenizer.no-default-template`, `tokenizer.no-chat-template`.
 */
export function templatesOf(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
  where: string,
): ChooseTemplate | undefined {
  const templates = fromFiles(files) ?? fromConfig(config.chat_template);
  if (templates === undefined) {
    if (files['chat_template.json'] === undefined) return undefined;
    return () => {
      throw jsonOnly(where);
    };
  }
  return (tools) => {
    const template = (tools ? templates.get('tool_use') : undefined) ?? templates.get('default');
    if (template === undefined) throw noDefault(where, [...templates.keys()]);
    return template;
  };
}

function fromFiles(files: Readonly<Record<string, string>>): Map<string, TemplateSource> | undefined {
  const templates = new Map<string, TemplateSource>();
  for (const [file, source] of Object.entries(files)) {
    const name = file === 'chat_template.jinja' ? 'default' : additional.exec(file)?.[1];
    if (name !== undefined) templates.set(name, { source, file });
  }
  return templates.size === 0 ? undefined : templates;
}

function fromConfig(value: unknown): Map<string, TemplateSource> | undefined {
  const file = 'tokenizer_config.json';
  if (typeof value === 'string') return new Map([['default', { source: value, file }]]);
  const entries: unknown[] = Array.isArray(value) ? value : [];
  const templates = entries.flatMap((entry): [string, TemplateSource][] =>
    isObject(entry) && typeof entry.name === 'string' && typeof entry.template === 'string'
      ? [[entry.name, { source: entry.template, file: `${file}, template ${entry.name}` }]]
      : [],
  );
  return templates.length === 0 ? undefined : new Map(templates);
}

function noDefault(where: string, names: readonly string[]): DpoError {
  const sorted = [...names].sort();
  return new DpoError(
    'tokenizer.no-default-template',
    `${where} has several chat templates and none is named default: ${sorted.join(', ')}.`,
    {
      values: { where, names: sorted },
      hint: 'Write the text of the right template into chat_template.jinja beside tokenizer.json.',
    },
  );
}

function jsonOnly(where: string): DpoError {
  return new DpoError(
    'tokenizer.no-chat-template',
    `${where} has a chat template in chat_template.json alone, which tokenizers do not read.`,
    {
      values: { where, file: 'chat_template.json' },
      hint: 'Write its text into chat_template.jinja beside tokenizer.json: transformers, too, reads the .json for processors only.',
    },
  );
}
