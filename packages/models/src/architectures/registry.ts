import { ConfigReader } from './config-reader.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { gptNeox } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
import { gptj } from './gptj.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { olmo2 } from './olmo2.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';
import type { Decoder } from './types.js';
import { unsupportedType } from './unsupported-type.js';

/** All architectures by the `model_type` of their configurations. */
const architectures: Readonly<Record<string, (settings: ConfigReader) => Decoder>> = {
  gemma2,
  gemma3_text: gemma3,
  gpt2,
  gpt_neox: gptNeox,
  gptj,
  llama,
  mistral,
  olmo2,
  phi3,
  qwen2,
  qwen3,
  smollm3,
};

/** The model types that can be opened. */
export const supportedArchitectures: readonly string[] = Object.keys(architectures);

/**
 * The decoder that a config.json describes.
 *
 * @param path the folder or file, for messages
 * @throws {DpoError} `model.unsupported-architecture`, `model.bad-config`, `model.unsupported-config`.
 */
export function decoderFor(raw: Readonly<Record<string, unknown>>, path = 'the configuration'): Decoder {
  const type = raw.model_type;
  const architecture = typeof type === 'string' && Object.hasOwn(architectures, type) ? architectures[type] : undefined;
  if (architecture === undefined) throw unsupportedType(raw, path, supportedArchitectures);
  return architecture(new ConfigReader(raw, path));
}
