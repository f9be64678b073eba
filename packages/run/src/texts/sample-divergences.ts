import type { PromptGroup } from '@dpo/base';
import { answerDivergences, sequenceLogps } from '@dpo/core';
import type { LanguageModel } from '@dpo/models';
import { packTightly } from './pack-tightly.js';
import type { TextSample } from './sample-texts.js';

/** How far a policy is from its reference along its own samples, one number to each, in nats. */
export interface SampleDivergences {
  /** log π − log π_ref of the tokens that were drawn. */
  readonly sampled: readonly number[];
  /** Over the whole vocabulary at each token. Undefined where the two do not predict from the same tokens. */
  readonly exact: readonly number[] | undefined;
}

/** Measures the policy's samples by the very tokens that it drew. Samples of one prompt share its pass. */
export async function sampleDivergences(given: {
  readonly policy: LanguageModel;
  readonly reference: LanguageModel;
  /** Whether the reference is the policy without its adapter. */
  readonly adapterOff: boolean;
  readonly samples: readonly TextSample[];
  readonly signal: AbortSignal;
}): Promise<SampleDivergences> {
  const { policy, reference, adapterOff, samples, signal } = given;
  const { groups, place } = byPrompt(samples);
  const inOrder = (values: readonly (readonly number[])[]) =>
    samples.map((sample) => {
      const [group, answer] = place.get(sample) as [number, number];
      return values[group]?.[answer] as number;
    });
  if (policy.vocabSize !== reference.vocabSize) {
    const logps = await sequenceLogps(reference, groups, { pack: packTightly, adapter: !adapterOff, signal });
    return { sampled: inOrder(logps).map((logp, i) => (samples[i]?.logp ?? 0) - logp), exact: undefined };
  }
  const options = { pack: packTightly, referenceAdapter: !adapterOff, signal };
  const found = await answerDivergences(policy, reference, groups, options);
  const sums = (of: 'exact' | 'sampled') =>
    inOrder(found.map((answers) => answers.map((answer) => answer[of].reduce((sum, value) => sum + value, 0))));
  return { sampled: sums('sampled'), exact: sums('exact') };
}

function byPrompt(samples: readonly TextSample[]): {
  readonly groups: PromptGroup[];
  readonly place: ReadonlyMap<TextSample, readonly [group: number, answer: number]>;
} {
  const prompts = new Map<number, TextSample[]>();
  for (const sample of samples) prompts.set(sample.index, [...(prompts.get(sample.index) ?? []), sample]);
  const together = [...prompts.values()];
  return {
    groups: together.map((own) => ({
      prompt: Int32Array.from(own[0]?.promptTokens ?? []),
      answers: own.map(({ tokens }) => Int32Array.from(tokens)),
    })),
    place: new Map(together.flatMap((own, g) => own.map((sample, a) => [sample, [g, a] as const] as const))),
  };
}
