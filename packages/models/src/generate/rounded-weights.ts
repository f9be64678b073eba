import type { Variable } from '@dpo/engine';
import type { LanguageModel } from '../model/types.js';

/** The weights that generation reads. */
export interface DecodingWeights {
  /** The variable of a weight. */
  variable(name: string): Variable;
  /** Takes the weights over as they are now. */
  refresh(): Promise<void>;
}

/**
 * The weights of a model for generation. On an engine that multiplies in bfloat16 they are copies of the matrices in bfloat16, which
 * are made once to a call of `generate`: products would round the matrices anew at every token. Matrices that are stored so already
 * need no copy. On any other engine they are the model's own.
 */
export function decodingWeights(model: LanguageModel): DecodingWeights {
  const { engine } = model;
  if (engine.precision !== 'bfloat16')
    return { variable: (name) => model.variable(name), refresh: async () => undefined };
  const all = [...model.weights, ...(model.adapter?.weights ?? [])];
  const originals = all.filter(([, { shape, storage }]) => shape.length === 2 && storage !== 'bfloat16');
  const copies = new Map(
    originals.map(([name, { shape }]) => {
      return [name, engine.variable(`rounded/${name}`, shape, undefined, { storage: 'bfloat16' })] as const;
    }),
  );
  const round = engine.function('round-weights', (scope) => {
    for (const [name, original] of originals) scope.assign(copies.get(name) as Variable, scope.read(original));
    return {};
  });
  model.onDispose(() => {
    round.dispose();
    for (const copy of copies.values()) copy.dispose();
  });
  return {
    variable: (name) => copies.get(name) ?? model.variable(name),
    refresh: async () => {
      await round({});
    },
  };
}
