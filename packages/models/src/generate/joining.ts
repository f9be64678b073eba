import type { Values } from '@dpo/engine';
import type { Decoding } from './decoding.js';
import { input } from './session.js';

/** Samples that take free lanes together. */
export interface Group {
  readonly decodings: readonly Decoding[];
  /** Lanes of the compiled function. */
  readonly lanes: number;
  /** Prompts of the compiled function. */
  readonly prompts: number;
}

/** The part of the lanes that must be free before waiting samples take them: reading prompts costs as much as some steps. */
const JOINING = 1 / 4;

/**
 * The next samples of a queue that take free lanes: as many as there are lanes when all lanes are free, else a quarter of these.
 * So the compiled function has two shapes. Undefined when too few lanes are free, or when no sample waits.
 */
export function nextGroup(
  queue: readonly Decoding[],
  {
    next,
    free,
    lanes,
    samples,
    prompts,
  }: {
    /** The place of the first waiting sample. */
    readonly next: number;
    /** Lanes that are free, and all lanes. */
    readonly free: number;
    readonly lanes: number;
    /** Samples to a prompt. */
    readonly samples: number;
    /** Prompts of all runs. */
    readonly prompts: number;
  },
): Group | undefined {
  const size = free === lanes ? lanes : Math.ceil(lanes * JOINING);
  const waiting = queue.length - next;
  if (waiting === 0 || free < Math.min(size, waiting)) return undefined;
  const most = Math.min(prompts, Math.ceil(size / samples));
  const decodings: Decoding[] = [];
  const different = new Set<number>();
  for (const decoding of queue.slice(next, next + size)) {
    different.add(decoding.prompt);
    if (different.size > most) break;
    decodings.push(decoding);
  }
  return { decodings, lanes: size, prompts: most };
}

/**
 * A group's prompts as inputs of `prefill`, padded on the left. Lanes and prompts that only fill the function's shape repeat the
 * last ones.
 *
 * @param length the length of padded prompts
 * @param free the numbers of the free lanes
 */
export function prefillInputs(
  texts: readonly (readonly number[] | Int32Array)[],
  group: Group,
  length: number,
  free: readonly number[],
): Record<'ids' | 'pads' | 'prompts' | 'lanes', Values> {
  const { decodings } = group;
  const different = [...new Set(decodings.map(({ prompt }) => prompt))];
  const ids = new Int32Array(group.prompts * length);
  const pads = filled(different, group.prompts).map((prompt, i) => {
    const tokens = texts[prompt] ?? [];
    ids.set(tokens, (i + 1) * length - tokens.length);
    return length - tokens.length;
  });
  return {
    ids: input(ids, [group.prompts, length]),
    pads: input(pads),
    prompts: input(
      filled(
        decodings.map(({ prompt }) => different.indexOf(prompt)),
        group.lanes,
      ),
    ),
    lanes: input(filled(free.slice(0, decodings.length), group.lanes)),
  };
}

/** Numbers, the last of them repeated up to a count. */
export function filled(numbers: readonly number[], count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => numbers[Math.min(i, numbers.length - 1)] as number);
}
