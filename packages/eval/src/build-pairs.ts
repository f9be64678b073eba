import { DpoError } from '@dpo/base';
import type { PreferencePair, Text } from '@dpo/data';

/** A sample with its reward, from which preference pairs are made. */
export interface RatedSample {
  readonly prompt: Text;
  /** The number of the prompt. */
  readonly index: number;
  readonly text: string;
  readonly reward: number;
  /** log π(text | prompt), in nats, of the model that drew the text. Becomes the reference log-probability. */
  readonly logp?: number;
}

/** A preference pair, and the two samples in the pair. */
export interface RatedPair<Sample extends RatedSample> {
  readonly pair: PreferencePair;
  readonly chosen: Sample;
  readonly rejected: Sample;
}

/**
 * Preference pairs from rated samples: of each prompt's samples the best with the worst, the second best with the second worst,
 * and so on, at most `perPrompt` pairs. Equal rewards make no pair. Of samples with equal rewards the earlier one ranks higher.
 *
 * @param options.perPrompt 3 by default
 * @param options.source the pairs' `source`
 * @throws DpoError `eval.bad-value` for a reward that is not a finite number
 */
export function buildPairs<Sample extends RatedSample>(
  samples: readonly Sample[],
  { perPrompt = 3, source }: { readonly perPrompt?: number; readonly source?: string } = {},
): RatedPair<Sample>[] {
  const bad = samples.findIndex(({ reward }) => !Number.isFinite(reward));
  if (bad >= 0)
    throw new DpoError(
      'eval.bad-value',
      `The reward of sample ${bad} is ${samples[bad]?.reward}, not a finite number.`,
      {
        values: { sample: bad, reward: String(samples[bad]?.reward) },
      },
    );
  const byPrompt = new Map<number, Sample[]>();
  for (const sample of samples) byPrompt.set(sample.index, [...(byPrompt.get(sample.index) ?? []), sample]);
  return [...byPrompt].flatMap(([index, of]) => {
    const ranked = [...of].sort((a, b) => b.reward - a.reward);
    const count = Math.min(perPrompt, Math.floor(ranked.length / 2));
    return Array.from({ length: count }, (_, k) => [ranked[k], ranked[ranked.length - 1 - k]] as [Sample, Sample])
      .filter(([chosen, rejected]) => chosen.reward > rejected.reward)
      .map(([chosen, rejected], k) => ({ pair: pairOf(chosen, rejected, `${index}-${k}`, source), chosen, rejected }));
  });
}

function pairOf(chosen: RatedSample, rejected: RatedSample, id: string, source: string | undefined): PreferencePair {
  return {
    prompt: chosen.prompt,
    chosen: chosen.text,
    rejected: rejected.text,
    id,
    ...(source === undefined ? {} : { source }),
    chosenScore: chosen.reward,
    rejectedScore: rejected.reward,
    ...(chosen.logp === undefined ? {} : { referenceChosenLogp: chosen.logp }),
    ...(rejected.logp === undefined ? {} : { referenceRejectedLogp: rejected.logp }),
  };
}
