import type { PromptGroup } from '@dpo/base';
import { answerDivergences, sequenceLogps } from '@dpo/core';
import type { Collective } from '@dpo/engine';
import type { LanguageModel } from '@dpo/models';
import { packTightly } from './pack-tightly.js';
import type { TextSample } from './sample-texts.js';

/** How far a policy is from its reference along the policy's samples: a number to each sample, in nats. */
export interface SampleDivergences {
  /** log π − log π_ref of the tokens that were drawn. */
  readonly sampled: readonly number[];
  /** KL(π ‖ π_ref) over the whole vocabulary, summed over the tokens. Undefined when the models have different vocabularies. */
  readonly exact: readonly number[] | undefined;
}

/** Measures samples by the tokens that the policy drew. A prompt is computed once for all of its samples. */
export async function sampleDivergences({
  policy,
  reference,
  adapterOff,
  samples,
  signal,
  collective,
}: {
  readonly policy: LanguageModel;
  readonly reference: LanguageModel;
  /** Whether the reference is the policy without its adapter. */
  readonly adapterOff: boolean;
  readonly samples: readonly TextSample[];
  readonly signal: AbortSignal;
  /** Workers that share the batches, and all get all numbers. Default: this worker alone. */
  readonly collective?: Collective | undefined;
}): Promise<SampleDivergences> {
  const { groups, place } = byPrompt(samples);
  const inOrder = (values: readonly (readonly number[])[]) =>
    samples.map((sample) => {
      const [group, answer] = place.get(sample) as [number, number];
      return values[group]?.[answer] as number;
    });
  if (policy.vocabSize !== reference.vocabSize) {
    const logps = await sequenceLogps(reference, groups, {
      pack: packTightly,
      adapter: !adapterOff,
      signal,
      collective,
    });
    return { sampled: inOrder(logps).map((logp, i) => (samples[i]?.logp ?? 0) - logp), exact: undefined };
  }
  const options = { pack: packTightly, referenceAdapter: !adapterOff, signal, collective };
  const divergences = await answerDivergences(policy, reference, groups, options);
  const sums = (of: 'exact' | 'sampled') =>
    inOrder(divergences.map((answers) => answers.map((answer) => answer[of].reduce((sum, value) => sum + value, 0))));
  return { sampled: sums('sampled'), exact: sums('exact') };
}

function byPrompt(samples: readonly TextSample[]): {
  readonly groups: PromptGroup[];
  readonly place: ReadonlyMap<TextSample, readonly [group: number, answer: number]>;
} {
  const prompts = new Map<number, TextSample[]>();
  for (const sample of samples) prompts.set(sample.index, [...(prompts.get(sample.index) ?? []), sample]);
  const samplesOfPrompts = [...prompts.values()];
  return {
    groups: samplesOfPrompts.map((ofPrompt) => ({
      prompt: Int32Array.from(ofPrompt[0]?.promptTokens ?? []),
      answers: ofPrompt.map(({ tokens }) => Int32Array.from(tokens)),
    })),
    place: new Map(
      samplesOfPrompts.flatMap((ofPrompt, g) => ofPrompt.map((sample, a) => [sample, [g, a] as const] as const)),
    ),
  };
}
