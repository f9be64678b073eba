import { type CacheKey, cacheName } from './reply-cache.js';

/** What of a question is not as it was when the nearest reply of the cache was given. */
export interface CacheMiss {
  /** The parts that differ: `address`, `model`, `prompt`, `order`, `repetition`, and settings by their names. */
  readonly differs: readonly string[];
  /** How many questions miss by these parts. */
  readonly questions: number;
  /** One of the parts as it was and as it is, shortened: the first one's. */
  readonly was: string;
  readonly is: string;
}

/** Which of the questions a cache answers, and why it does not answer the others. */
export interface CacheExplanation {
  readonly questions: number;
  readonly hits: number;
  /** The reasons, the most frequent first. Without any reply in the cache the misses have none. */
  readonly misses: readonly CacheMiss[];
  readonly replies: number;
}

/** Compares questions with the keys of a cache, each with the one that differs in the fewest parts. */
export function explainCache(questions: readonly CacheKey[], stored: readonly CacheKey[]): CacheExplanation {
  const names = new Set(stored.map(cacheName));
  const missed = questions.filter((key) => !names.has(cacheName(key)));
  const parts = stored.map(partsOf);
  const reasons = new Map<string, { differs: string[]; questions: number; was: string; is: string }>();
  for (const key of missed) {
    const nearest = nearestTo(partsOf(key), parts);
    if (nearest === undefined) continue;
    const name = nearest.differs.join(' ');
    const known = reasons.get(name);
    if (known === undefined) reasons.set(name, { ...nearest, questions: 1 });
    else known.questions++;
  }
  return {
    questions: questions.length,
    hits: questions.length - missed.length,
    misses: [...reasons.values()].sort((a, b) => b.questions - a.questions),
    replies: stored.length,
  };
}

type Parts = ReadonlyMap<string, string>;

function partsOf({ address, model, messages, settings, order, repetition }: CacheKey): Parts {
  const own = { address, model, prompt: messages, order, repetition };
  return new Map(Object.entries({ ...own, ...settings }).map(([part, value]) => [part, JSON.stringify(value)]));
}

function nearestTo(key: Parts, stored: readonly Parts[]) {
  let best: { readonly differs: string[]; readonly parts: Parts } | undefined;
  for (const parts of stored) {
    const differs = [...new Set([...key.keys(), ...parts.keys()])].filter((part) => key.get(part) !== parts.get(part));
    if (best === undefined || differs.length < best.differs.length) best = { differs, parts };
  }
  if (best === undefined) return undefined;
  const first = best.differs[0] ?? '';
  return { differs: best.differs, was: shown(best.parts.get(first)), is: shown(key.get(first)) };
}

function shown(value: string | undefined): string {
  if (value === undefined) return '(absent)';
  return value.length > 60 ? `${value.slice(0, 57)}…` : value;
}
