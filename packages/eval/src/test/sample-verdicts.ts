import { random } from '@dpo/base';
import type { PairTexts } from '../report/judged-case.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';

/** A made-up judging. */
export interface SampleJudging {
  readonly verdicts: readonly StoredVerdict[];
  readonly texts: readonly PairTexts[];
  /** People's verdicts on a quarter of the prompts. */
  readonly votes: readonly StoredVerdict[];
}

const questions = [
  'How do I get a coffee stain out of a wool jumper?',
  'My neighbour’s dog barks all night. What can I do?',
  'Explain to a child why the sky is blue.',
  'Which vegetables can I sow in September?',
  'Is it worth repairing a ten-year-old laptop?',
];
const short = 'That depends on a few things.';
const long =
  'First of all, keep calm: this has happened to others before you. Then go step by step. Begin with what costs nothing, look at what it does, and only then go on to what takes longer. If it gets worse at any point, stop.';

/**
 * A judge's verdicts on a model that is somewhat better than its baseline and writes somewhat longer answers, at several
 * temperatures and in both orders. Some are ties, some flip with the order, some are lost, and a twentieth is repeated.
 */
export function sampleJudging({
  prompts = 60,
  temperatures = [0, 0.7, 1],
  better = 0.62,
  seed = 8,
} = {}): SampleJudging {
  const next = random(seed);
  const verdicts: StoredVerdict[] = [];
  const texts: PairTexts[] = [];
  const votes: StoredVerdict[] = [];
  for (let i = 0; i < prompts; i++)
    for (const temperature of temperatures) {
      const prompt_id = `p${String(i).padStart(3, '0')}`;
      const model = `${short} ${long.slice(0, Math.floor(60 + 160 * next()))}.`;
      const baseline = `${short} ${long.slice(0, Math.floor(40 + 150 * next()))}.`;
      const about = { prompt_id, temperature, model_length: model.length, baseline_length: baseline.length };
      texts.push({
        promptId: prompt_id,
        temperature,
        prompt: questions[i % questions.length] as string,
        model,
        baseline,
      });
      const best = next() < better - 0.1 * temperature ? 'model' : 'baseline';
      const [flips, even] = [next() < 0.12, next() < 0.1];
      const orders = (['model', 'baseline'] as const).flatMap((first) => {
        const again = next() < 0.05 ? [0, 1] : [0];
        return again.map((repetition) => ({ first, repetition }));
      });
      for (const { first, repetition } of orders) {
        const verdict = flips ? 'first' : even ? 'tie' : best === first ? 'first' : 'second';
        const isLost = next() < 0.03;
        verdicts.push({
          ...about,
          first,
          repetition,
          verdict: isLost ? (next() < 0.6 ? 'unparsable' : 'failed') : verdict,
          judge_asked: 'judge-large',
          text: isLost ? 'Both have their merits, I could not choose.' : `The ${verdict} one is better.`,
          prompt_tokens: 310,
          completion_tokens: 12,
          cost: 0.0004,
        });
      }
      if (i % 4 === 0)
        votes.push({
          ...about,
          first: 'model',
          repetition: 0,
          verdict: next() < 0.8 === (best === 'model') ? 'first' : 'second',
        });
    }
  return { verdicts, texts, votes };
}
