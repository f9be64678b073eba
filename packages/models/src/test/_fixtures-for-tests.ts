import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The results of transformers for a tiny model, written by `tooling/parity/models.py`. */
export interface Expected {
  readonly ids: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly answers: readonly { readonly prompt: number[]; readonly answer: number[]; readonly logp: number }[];
  readonly loss: number;
  /** Of the gradient of the first answer's −log π: the norm, and sums weighted by cos(i), cos(2i), cos(3i). */
  readonly gradients: Readonly<Record<string, readonly [number, number, number, number]>>;
  readonly greedy: readonly { readonly prompt: number[]; readonly tokens: number[] }[];
}

export const modelFixtures = new URL('../../../../tooling/parity/fixtures/models/', import.meta.url);

/** The tiny models: a folder each, several for an architecture with variants. */
export const fixtureModels: readonly string[] = readdirSync(modelFixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** One tiny model of each architecture, for tests that take long. */
export const oneOfEach: readonly string[] = [
  ...new Map(
    [...fixtureModels].reverse().map((name) => {
      const config = JSON.parse(readFileSync(new URL(`${name}/config.json`, modelFixtures), 'utf8')) as object;
      return ['model_type' in config ? config.model_type : undefined, name];
    }),
  ).values(),
];

export function fixtureFolder(name: string): string {
  return fileURLToPath(new URL(name, modelFixtures));
}

export function fixtureExpected(name: string): Expected {
  return JSON.parse(readFileSync(new URL(`${name}/expected.json`, modelFixtures), 'utf8')) as Expected;
}
