/** What tools put before all names of a model: torch.compile, DataParallel, PEFT, TRL's model with a value head. */
const wrappers = ['_orig_mod.', 'module.', 'base_model.model.', 'pretrained_model.'] as const;

/** What tools put into the middle of names: torch.compile of one layer, FSDP, activation checkpointing, PEFT. */
const inserted = /(?<=^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|base_layer)\./g;

/**
 * A tensor's name as the model itself has it: without what tools wrap around a model, and with the names that
 * transformers gives to the parts of old layer norms (`gamma` and `beta`, its conversion mapping's `legacy`).
 */
export function plainName(name: string): string {
  let plain = name;
  for (let wrapper = wrapperOf(plain); wrapper !== undefined; wrapper = wrapperOf(plain))
    plain = plain.slice(wrapper.length);
  return plain
    .replaceAll(inserted, '')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}

function wrapperOf(name: string): string | undefined {
  return wrappers.find((wrapper) => name.startsWith(wrapper));
}

/** The names of a file's tensors by their plain names; several where wrappers hide that two mean the same. */
export function plainNames(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const plain = new Map<string, string[]>();
  for (const name of names) plain.set(plainName(name), [...(plain.get(plainName(name)) ?? []), name]);
  return plain;
}

/** What stands before every one of these names in a file, where that is one text and not nothing. */
export function commonPrefix(wanted: readonly string[], names: readonly string[]): string | undefined {
  const [first] = wanted;
  if (first === undefined) return undefined;
  const inFile = new Set(names);
  return names
    .filter((name) => name.length > first.length && name.endsWith(first))
    .map((name) => name.slice(0, -first.length))
    .find((prefix) => wanted.every((name) => inFile.has(prefix + name)));
}
