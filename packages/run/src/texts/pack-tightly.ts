import { type PackedBatch, type PromptGroup, pack } from '@dpo/data';

/** Rows of one group each that end with the longest: all groups are about as long, and a whole row of padding costs as much. */
export function packTightly(groups: readonly PromptGroup[]): PackedBatch {
  const size = ({ prompt, answers }: PromptGroup) => answers.reduce((sum, { length }) => sum + length, prompt.length);
  return pack(groups, { length: 4 * Math.ceil(Math.max(...groups.map(size)) / 4) });
}
