import { DpoError } from '@dpo/base';

type Config = Readonly<Record<string, unknown>>;

interface Kind {
  readonly is: (config: Config, type: string) => boolean;
  /** The kind in words, as the end of a sentence "PATH is …". */
  readonly what: string;
  readonly hint: string;
}

const has = (config: Config, ...keys: readonly string[]) =>
  keys.some((key) => (config[key] ?? undefined) !== undefined);

/** Kinds of models that are not computed here. The first that fits counts. */
const kinds: readonly Kind[] = [
  {
    is: (config) => has(config, 'auto_map'),
    what: 'a model with Python code of its own (trust_remote_code)',
    hint: 'Such code is never run here. If the model is really one of the types above, convert its config.json and its tensor names to that type.',
  },
  {
    is: (config, type) =>
      has(config, 'vision_config', 'audio_config', 'text_config', 'image_token_id', 'image_token_index') ||
      /^(gemma3|gemma3n|gemma4|mllama|idefics\d?|paligemma|.*llava.*|.*_vl(_.*)?|qwen\d?_?.*omni.*|pixtral|mistral3|llama4|internvl|phi4_multimodal|smolvlm)$/.test(
        type,
      ),
    what: 'a model of text and images or sound',
    hint: 'Save its language model by itself in Python if it is one of the types above (the text part of gemma3 is gemma3_text), or take a model of text alone.',
  },
  {
    is: (config, type) =>
      has(config, 'num_experts', 'num_local_experts', 'n_routed_experts', 'moe_intermediate_size') ||
      /moe|mixtral|deepseek|dbrx/.test(type),
    what: 'a mixture of experts',
    hint: 'Mixtures of experts are not computed here. Take a dense model.',
  },
  {
    is: (config, type) =>
      config.is_encoder_decoder === true || /^(t5|mt5|umt5|bart|mbart|pegasus|marian|led)$/.test(type),
    what: 'a model of encoder and decoder',
    hint: 'Take a model that only decodes.',
  },
  {
    is: (_, type) => /^(bert|roberta|xlm-roberta|distilbert|albert|electra|deberta(-v2)?|modernbert)$/.test(type),
    what: 'an encoder, which writes no text',
    hint: 'Take a language model that only decodes.',
  },
  {
    is: (_, type) => /mamba|rwkv|jamba|bamba|falcon_h1|zamba/.test(type),
    what: 'a model with recurrent state',
    hint: 'Take a model of one of the types above.',
  },
];

/** The error `model.unsupported-architecture`, which says what kind of model this is. */
export function unsupportedType(config: Config, path: string, supported: readonly string[]): DpoError {
  const { model_type: type } = config;
  const kind = kinds.find(({ is }) => is(config, typeof type === 'string' ? type : ''));
  return new DpoError(
    'model.unsupported-architecture',
    `${path}${kind === undefined ? '' : ` is ${kind.what}`}: model_type ${JSON.stringify(type) ?? 'missing'} is not supported; these are: ${supported.join(', ')}.`,
    {
      values: { path, modelType: type ?? null, supported, kind: kind?.what ?? null },
      ...(kind === undefined ? {} : { hint: kind.hint }),
    },
  );
}
