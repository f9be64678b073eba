import { DpoError, isObject } from '@dpo/base';

/** A template's source and the file that it stands in, as errors name it. */
export interface TemplateSource {
  readonly source: string;
  readonly file: string;
}

/** Says which template a conversation goes through. */
export type ChooseTemplate = (tools: boolean) => TemplateSource;

const additional = /^additional_chat_templates\/([^/]+)\.jinja$/;

/**
 * The templates of a tokenizer as transformers finds them: `chat_template.jinja` and `additional_chat_templates/*.jinja`
 * where there are any, else `chat_template` in `tokenizer_config.json`, one template or several with names. Of several,
 * `tool_use` is for conversations with tools, and `default` for all others.
 *
 * Undefined where there is none. With `chat_template.json` alone, which transformers reads for processors of images and
 * sound but not for tokenizers, choosing fails and says so.
 *
 * @param where the tokenizer's folder, named in errors
 */
export function templatesOf(
  files: Readonly<Record<string, string>>,
  config: Record<string, unknown>,
  where: string,
): ChooseTemplate | undefined {
  const named = fromFiles(files) ?? fromConfig(config.chat_template);
  if (named === undefined) {
    if (files['chat_template.json'] === undefined) return undefined;
    return () => {
      throw jsonOnly(where);
    };
  }
  return (tools) => {
    const chosen = (tools ? named.get('tool_use') : undefined) ?? named.get('default');
    if (chosen === undefined) throw noDefault(where, [...named.keys()]);
    return chosen;
  };
}

function fromFiles(files: Readonly<Record<string, string>>): Map<string, TemplateSource> | undefined {
  const named = new Map<string, TemplateSource>();
  for (const [file, source] of Object.entries(files)) {
    const name = file === 'chat_template.jinja' ? 'default' : additional.exec(file)?.[1];
    if (name !== undefined) named.set(name, { source, file });
  }
  return named.size === 0 ? undefined : named;
}

function fromConfig(value: unknown): Map<string, TemplateSource> | undefined {
  const file = 'tokenizer_config.json';
  if (typeof value === 'string') return new Map([['default', { source: value, file }]]);
  const entries: unknown[] = Array.isArray(value) ? value : [];
  const named = entries.flatMap((entry): [string, TemplateSource][] =>
    isObject(entry) && typeof entry.name === 'string' && typeof entry.template === 'string'
      ? [[entry.name, { source: entry.template, file: `${file}, template ${entry.name}` }]]
      : [],
  );
  return named.length === 0 ? undefined : new Map(named);
}

function noDefault(where: string, names: readonly string[]): DpoError {
  const sorted = [...names].sort();
  return new DpoError(
    'tokenizer.no-default-template',
    `${where} has several chat templates and none is named default: ${sorted.join(', ')}.`,
    {
      values: { where, names: sorted },
      hint: 'Write the text of the template that is meant into chat_template.jinja beside tokenizer.json.',
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
