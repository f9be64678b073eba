import type { Comparison } from '../judge.js';
import type { JudgeTemplate } from '../template.js';
import { type Manner, settingsOf } from './find-rung.js';
import type { CacheKey } from './reply-cache.js';

/** Which judge is asked, and how. */
export interface CacheKeysOptions {
  /** As `parseAddress` gives it. */
  readonly address: string;
  /** The model's name at the server. */
  readonly model: string;
  /** The question, without the instruction how to say the verdict. */
  readonly template: JudgeTemplate;
  /** How the server is made to say a verdict. */
  readonly manner: Manner;
  /** The longest reply of a rung that replies in words, in tokens. */
  readonly tokens: number;
}

/** The keys of questions in the cache, each of which holds the request as well. `times`: how often `tokens` the reply may have. */
export function cacheKeys({ address, model, template, manner, tokens }: CacheKeysOptions) {
  const { rung } = manner;
  const { labels } = template;
  return (comparison: Comparison, times = 1): CacheKey => ({
    address,
    model,
    messages: [{ role: 'user', content: `${template.fill(comparison)}\n\n${rung.instruction(labels)}` }],
    settings: settingsOf(manner, labels, times * (rung.tokens ?? tokens)),
    order: comparison.order,
    repetition: comparison.repetition,
  });
}
