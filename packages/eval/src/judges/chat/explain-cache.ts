import { type CacheKey, cacheName } from './reply-cache.js';

/** What some questions have in another way than the nearest reply of the cache. */
export interface CacheMiss {
  /** The parts that differ: `address`, `model`, `prompt`, `order`, `repetition`, and settings by their names. */
  readonly differs: readonly string[];
  /** How many questions miss by these parts. */
  readonly questions: number;
  /** The first of the parts as the cache has it, and as the question has it, shortened. */
  readonly was: string;
  readonly is: string;
}

/** Which of the questions a cache answers, and why it does not answer the others. */
export interface CacheExplanation {
  readonly questions: number;
  readonly hits: number;
  /** The reasons, the most frequent first. Empty when the cache has no reply. */
  readonly misses: readonly CacheMiss[];
  readonly replies: number;
}

/** Compares each question with that key of the cache which differs in the fewest parts. */
export function explainCache(questions: readonly CacheKey[], cacheKeys: readonly CacheKey[]): CacheExplanation {
  const names = new Set(cacheKeys.map(cacheName));
  const misses = questions.filter((key) => !names.has(cacheName(key)));
  const parts = cacheKeys.map(partsOf);
  const reasons = new Map<string, { differs: string[]; questions: number; was: string; is: string }>();
  for (const key of misses) {
    const nearest = nearestTo(partsOf(key), parts);
    if (nearest === undefined) continue;
    const name = nearest.differs.join(' ');
    const reason = reasons.get(name);
    if (reason === undefined) reasons.set(name, { ...nearest, questions: 1 });
    else reason.questions++;
  }
  return {
    questions: questions.length,
    hits: questions.length - misses.length,
    misses: [...reasons.values()].sort((a, b) => b.questions - a.questions),
    replies: cacheKeys.length,
  };
}

type Parts = ReadonlyMap<string, string>;

function partsOf({ address, model, messages, settings, order, repetition }: CacheKey): Parts {
  const own = { address, model, prompt: messages, order, repetition };
  return new Map(Object.entries({ ...own, ...settings }).map(([part, value]) => [part, JSON.stringify(value)]));
}

function nearestTo(key: Parts, candidates: readonly Parts[]) {
  let best: { readonly differs: string[]; readonly parts: Parts } | undefined;
  for (const parts of candidates) {
    const differs = [...new Set([...key.keys(), ...parts.keys()])].filter((part) => key.get(part) !== parts.get(part));
    if (best === undefined || differs.length < best.differs.length) best = { differs, parts };
  }
  if (best === undefined) return undefined;
  const first = best.differs[0] ?? '';
  return { differs: best.differs, was: shortened(best.parts.get(first)), is: shortened(key.get(first)) };
}

function shortened(value: string | undefined): string {
  if (value === undefined) return '(absent)';
  return value.length > 60 ? `${value.slice(0, 57)}…` : value;
}
