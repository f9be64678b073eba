import type { Comparison } from '../judge.js';
import type { JudgeTemplate } from '../template.js';
import { type Manner, settingsOf } from './find-rung.js';
import type { CacheKey } from './reply-cache.js';

/** Whom a judging asks, and how. */
export interface AskedAs {
  /** As `parseAddress` gives it. */
  readonly address: string;
  readonly model: string;
  readonly template: JudgeTemplate;
  readonly manner: Manner;
  /** Longest reply in words, in tokens. */
  readonly tokens: number;
}

/** The key of a question in the cache, which holds the request as well; asked for with so many times the room. */
export function cacheKeys({ address, model, template, manner, tokens }: AskedAs) {
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
