import { isUsable, type StoredVerdict } from '../verdicts/stored-verdict.js';
import { consistentOrders } from '../winrate/judge-panel.js';
import { type PairVerdicts, pairKey, verdictsByRater } from '../winrate/pair-scores.js';

/** The texts of a judged pair. */
export interface PairTexts {
  readonly promptId: string;
  readonly temperature?: number | undefined;
  readonly sample?: number | undefined;
  /** The prompt as people see it. */
  readonly prompt: string;
  readonly model: string;
  readonly baseline: string;
}

/** Whose answer a pair's score prefers; `lost` without a score. */
export type Outcome = 'model' | 'baseline' | 'tie' | 'lost';

/** A pair of answers with the verdicts of the judge and of people. */
export interface JudgedCase {
  readonly prompt: string;
  readonly temperature: number | undefined;
  readonly sample: number | undefined;
  readonly verdicts: readonly StoredVerdict[];
  readonly score: number | undefined;
  readonly outcome: Outcome;
  /** Whether the same judge prefers different answers in the two orders. */
  readonly flipped: boolean;
  /** How many verdicts were lost. */
  readonly lostVerdicts: number;
  readonly modelLength: number | undefined;
  readonly baselineLength: number | undefined;
  readonly texts: PairTexts | undefined;
  /** People's mean score, and whose answer it prefers; undefined when nobody voted. */
  readonly people: { readonly score: number; readonly outcome: Outcome } | undefined;
  /** Whether people's outcome is another one than the judge's. */
  readonly disputed: boolean;
}

/** Puts verdicts, texts and people's votes on the same pairs together. */
export function judgedCases(
  pairs: readonly PairVerdicts[],
  texts: readonly PairTexts[] = [],
  people: readonly PairVerdicts[] = [],
): JudgedCase[] {
  const byKey = new Map(texts.map((text) => [textsKey(text), text]));
  const votes = new Map(people.map((pair) => [keyOf(pair), pair.score]));
  return pairs.map((pair): JudgedCase => {
    const [verdict] = pair.verdicts as [StoredVerdict, ...StoredVerdict[]];
    const outcome = outcomeOf(pair.score);
    const vote = votes.get(keyOf(pair));
    const ofPeople = vote === undefined ? undefined : { score: vote, outcome: outcomeOf(vote) };
    return {
      prompt: pair.prompt,
      temperature: verdict.temperature,
      sample: verdict.sample,
      verdicts: pair.verdicts,
      score: pair.score,
      outcome,
      flipped: verdictsByRater(pair.verdicts).flatMap(consistentOrders).includes(false),
      lostVerdicts: pair.verdicts.filter((each) => !isUsable(each.verdict)).length,
      modelLength: pair.modelLength,
      baselineLength: pair.baselineLength,
      texts: byKey.get(pairKey(verdict)),
      people: ofPeople,
      disputed: ofPeople !== undefined && outcome !== 'lost' && ofPeople.outcome !== outcome,
    };
  });
}

function keyOf({ verdicts }: PairVerdicts): string {
  return pairKey(verdicts[0] as StoredVerdict);
}

function textsKey({ promptId, temperature, sample }: PairTexts): string {
  return pairKey({ prompt_id: promptId, temperature, sample });
}

function outcomeOf(score: number | undefined): Outcome {
  if (score === undefined) return 'lost';
  // Probabilities of both orders may miss one half by a rounding.
  if (Math.abs(score - 0.5) < 1e-9) return 'tie';
  return score > 0.5 ? 'model' : 'baseline';
}
