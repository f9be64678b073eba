import { DpoError } from '@dpo/base';
import type { Decoder } from '../architectures/types.js';
import { peftPrefix } from './types.js';

/**
 * The tensors of an adapter's file by the names under which PEFT reads them. As in PEFT, the adapter's name `default` may be in a
 * factor's name or not: `lora_A.default.weight` is `lora_A.weight`. The head has its name in the decoder.
 *
 * @param path for messages
 * @throws {DpoError} `lora.unknown-names` for names that PEFT ignores, because they lack `base_model.model.` or have another
 * adapter's name; `lora.wrong-base` for two tensors with one name.
 */
export function peftNames(names: Iterable<string>, decoder: Decoder, path: string): ReadonlyMap<string, string> {
  const tensors = new Map<string, string>();
  for (const name of names) {
    const plain = plainName(name, decoder);
    const reason = whyIgnored(plain);
    if (reason !== undefined) throw unknownNames(path, name, reason);
    const earlier = tensors.get(plain);
    if (earlier !== undefined) throw twice(path, plain, [earlier, name]);
    tensors.set(plain, name);
  }
  return tensors;
}

const factor = /\.(lora_[A-Za-z]+|lora_embedding_[AB]|lora_magnitude_vector)(?:\.([^.]+))?(?:\.weight)?$/;

function plainName(name: string, { head, headAliases = [] }: Decoder): string {
  const plain = name
    .replace(/\.modules_to_save\.default\./, '.')
    .replace(/\.(lora_A|lora_B)\.default\.weight$/, '.$1.weight')
    .replace(/\.lora_magnitude_vector(\.default)?(\.weight)?$/, '.lora_magnitude_vector');
  const alias = headAliases.find((other) => plain === peftPrefix + other);
  return alias === undefined ? plain : peftPrefix + head;
}

/** Why PEFT ignores a tensor of this name; undefined when PEFT reads it. */
function whyIgnored(name: string): string | undefined {
  const [, part = '', adapter] = factor.exec(name) ?? [];
  if (/\.lora_(a|b|up|down)(\.|$)/.test(name))
    return 'another program names factors so; PEFT calls them lora_A and lora_B';
  if (adapter !== undefined && adapter !== 'weight')
    return `it belongs to an adapter called "${adapter}"; PEFT writes ".${part}.weight"`;
  if (!name.startsWith(peftPrefix)) return `PEFT has "${peftPrefix}" before every name`;
  return undefined;
}

function unknownNames(path: string, tensor: string, reason: string): DpoError {
  return new DpoError('lora.unknown-names', `${path}, tensor "${tensor}" is not named as PEFT names it: ${reason}.`, {
    values: { path, tensor, reason },
    hint: 'PEFT itself ignores such tensors. Save the adapter with its save_pretrained, or rename the tensors.',
  });
}

function twice(path: string, tensor: string, names: readonly string[]): DpoError {
  return new DpoError('lora.wrong-base', `${path} has ${tensor} twice: as ${names.join(' and as ')}.`, {
    values: { path, tensor, names },
    hint: 'Save the adapter again with PEFT.',
  });
}
