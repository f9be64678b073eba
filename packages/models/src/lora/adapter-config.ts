import { DpoError } from '@dpo/base';
import type { Decoder } from '../architectures/types.js';
import { modulesInModel } from './modules-to-save.js';
import type { Adapter, AdapterSettings } from './types.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * The settings in a PEFT folder's `adapter_config.json`.
 *
 * @param folder for messages
 * @throws {DpoError} `lora.unsupported`, which names the key, for another method than LoRA, for a setting that changes the formula
 * and is not computed here, and for an impossible value.
 */
export function readAdapterConfig(config: Json, folder: string): AdapterSettings {
  const unsupported = (key: string) =>
    new DpoError('lora.unsupported', `${folder}: "${key}": ${JSON.stringify(config[key])} is not supported.`, {
      values: { path: folder, key, received: config[key] ?? null },
      hint: 'Merge the adapter into its base model in Python (merge_and_unload) and load the result.',
    });
  if (config.peft_type !== 'LORA') throw unsupported('peft_type');
  if ((config.bias ?? 'none') !== 'none') throw unsupported('bias');
  for (const key of variants) if (!isEmpty(config[key])) throw unsupported(key);
  const init = config.init_lora_weights;
  if (typeof init === 'string' && baseChanging.test(init)) throw unsupported('init_lora_weights');

  const number = (key: string, valid: (value: number) => boolean, fallback?: number): number => {
    const value = config[key] ?? fallback;
    if (typeof value !== 'number' || !valid(value)) throw unsupported(key);
    return value;
  };
  const numbers = (key: string, valid: (value: number) => boolean): Record<string, number> => {
    const value = config[key] ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw unsupported(key);
    for (const [pattern, entry] of Object.entries(value))
      if (typeof entry !== 'number' || !valid(entry) || !isPattern(pattern)) throw unsupported(key);
    return value as Record<string, number>;
  };
  const texts = (key: string): string[] => {
    const value = config[key] ?? [];
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw unsupported(key);
    return value;
  };
  const isRank = (value: number) => Number.isSafeInteger(value) && value > 0;
  const isAlpha = (value: number) => Number.isFinite(value) && value > 0;
  const modulesToSave = texts('modules_to_save');
  // With this setting a tied head would follow an embedding that is saved in full.
  if (config.ensure_weight_tying === true && modulesToSave.length > 0) throw unsupported('ensure_weight_tying');
  return {
    rank: number('r', isRank),
    alpha: number('lora_alpha', isAlpha),
    rankPattern: numbers('rank_pattern', isRank),
    alphaPattern: numbers('alpha_pattern', isAlpha),
    rsLora: config.use_rslora === true,
    dora: config.use_dora === true,
    dropout: number('lora_dropout', (value) => value >= 0 && value < 1, 0),
    targets: typeof config.target_modules === 'string' ? config.target_modules : texts('target_modules'),
    modulesToSave,
  };
}

/** The `adapter_config.json` of an adapter. @param base the folder or hub name of the base model */
export function adapterConfig(adapter: Adapter, decoder: Decoder, base: string | null): Record<string, unknown> {
  return {
    alpha_pattern: adapter.alphaPattern,
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: decoder.linearLayout === 'in-out',
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: adapter.alpha,
    lora_dropout: adapter.dropout,
    modules_to_save: adapter.modulesToSave.length === 0 ? null : modulesInModel(decoder, adapter.modulesToSave),
    peft_type: 'LORA',
    r: adapter.rank,
    rank_pattern: adapter.rankPattern,
    target_modules: adapter.targets,
    task_type: decoder.labels === undefined ? 'CAUSAL_LM' : 'SEQ_CLS',
    use_dora: adapter.dora,
    use_rslora: adapter.rsLora,
  };
}

/** Settings that change the formula unless they are empty. */
const variants = [
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'layer_replication',
  'lora_bias',
  'monteclora_config',
  'target_parameters',
  'trainable_token_indices',
  'use_bdlora',
  'use_qalora',
  'velora_config',
] as const;

/** Initialisations for which PEFT changes the base's weights too, each time that it opens the adapter. */
const baseChanging = /^(pissa|olora|corda|loftq|mica|lora_ga)/i;

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Whether a text is a regular expression. Repetitions within repetitions are refused: matching them can take for ever. */
function isPattern(pattern: string): boolean {
  if (/\([^)]*[*+{][^)]*\)[*+{?]/.test(pattern) || pattern.length > 200) return false;
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}
