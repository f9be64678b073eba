const textFile =
  /^(config\.json|generation_config\.json|tokenizer(_config)?\.json|special_tokens_map\.json|added_tokens\.json|chat_template\.(jinja|json)|additional_chat_templates\/[^/]+\.jinja|vocab\.(json|txt)|reward_normalisation\.json|merges\.txt|adapter_config\.json)$/;

/**
 * The files of a repository that a model is opened from: configuration, tokenizer, safetensors weights. Weights in other formats,
 * and copies of the same weights in subfolders, are not among them. For a repository with GGUF files and no safetensors, the
 * result has the only GGUF file.
 *
 * @param names all files of the repository
 * @param patterns selects files by these names instead; `*` stands for any part of a name
 */
export function modelFiles(names: readonly string[], patterns?: readonly string[]): string[] {
  if (patterns !== undefined) {
    const tests = patterns.map((pattern) => {
      const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}$`);
    });
    return names.filter((name) => tests.some((test) => test.test(name)));
  }
  const texts = names.filter((name) => textFile.test(name));
  const whole = names.filter((name) => /^(adapter_)?model\.safetensors$/.test(name));
  const shards = names.filter((name) => /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(name));
  const gguf = names.filter((name) => /^[^/]+\.gguf$/i.test(name));
  if (whole.length > 0) return [...texts, ...whole];
  if (shards.length > 0) return [...texts, ...shards];
  return gguf.length === 1 ? [...texts, ...gguf] : texts;
}
