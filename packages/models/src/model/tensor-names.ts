/** Prefixes that tools put before all names of a model: torch.compile, DataParallel, PEFT, TRL's model with a value head. */
const wrappers = ['_orig_mod.', 'module.', 'base_model.model.', 'pretrained_model.'] as const;

/** Parts that tools put into the middle of names: torch.compile of one layer, FSDP, activation checkpointing, PEFT. */
const insertions = /(?<=^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|base_layer)\./g;

/**
 * A tensor's name in the model itself: without the prefixes and insertions of tools, and with today's names of the parts of old
 * layer norms (`gamma` and `beta`, `legacy` in transformers' conversion mapping).
 */
export function plainName(name: string): string {
  let plain = name;
  for (let wrapper = wrapperOf(plain); wrapper !== undefined; wrapper = wrapperOf(plain))
    plain = plain.slice(wrapper.length);
  return plain
    .replaceAll(insertions, '')
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}

function wrapperOf(name: string): string | undefined {
  return wrappers.find((wrapper) => name.startsWith(wrapper));
}

/** The names of a file's tensors by their plain names. Two tensors whose names differ in their wrappers have one plain name. */
export function plainNames(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const plain = new Map<string, string[]>();
  for (const name of names) plain.set(plainName(name), [...(plain.get(plainName(name)) ?? []), name]);
  return plain;
}

/**
 * A prefix, not empty, with which all of the weights' names are among a file's names; undefined when there is none.
 *
 * @param weights the weights' names
 * @param names the names in the file
 */
export function commonPrefix(weights: readonly string[], names: readonly string[]): string | undefined {
  const [first] = weights;
  if (first === undefined) return undefined;
  const inFile = new Set(names);
  return names
    .filter((name) => name.length > first.length && name.endsWith(first))
    .map((name) => name.slice(0, -first.length))
    .find((prefix) => weights.every((name) => inFile.has(prefix + name)));
}
