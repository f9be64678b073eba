import { type PackedBatch, type PromptGroup, pack } from '@dpo/data';

/** Packs groups of about the same length, one to a packed row, into rows as long as the longest group. */
export function packTightly(groups: readonly PromptGroup[]): PackedBatch {
  const size = ({ prompt, answers }: PromptGroup) => answers.reduce((sum, { length }) => sum + length, prompt.length);
  return pack(groups, { length: 4 * Math.ceil(Math.max(...groups.map(size)) / 4) });
}
