import { createHash } from 'node:crypto';
import type { Dataset } from '@dpo/data';
import { modelDigests } from '@dpo/models';
import type { RunContext } from '../context.js';
import { findModel, modelAndBase } from '../inputs/open-model.js';

/** What decides a run's numbers besides its options and its data. It goes into the run's `config.json`. */
export interface RunIdentity {
  /**
   * SHA-256 of all that each model is read from, by its part in the run and by file: weights, tokenizer, chat template, end
   * tokens. Parts are `model`, `reference` and `adapter`; an adapter's folder brings its base along.
   */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The fingerprint of the held-out data. */
  readonly heldOut?: string;
}

/** The options that name what a run reads. */
interface NamedParts {
  readonly model: string;
  readonly ref?: string | undefined;
  readonly adapter?: string | undefined;
}

/** Reads the files of a run's models once, whole, to know them again: it takes about as long as loading them does. */
export async function identityOf(
  { model, ref, adapter }: NamedParts,
  heldOut: Pick<Dataset<unknown>, 'fingerprintInPieces'> | undefined,
  context: RunContext,
): Promise<RunIdentity> {
  const files: Record<string, Record<string, string>> = {};
  for (const [part, name] of Object.entries({ model, reference: ref, adapter })) {
    if (name === undefined) continue;
    context.progress(`Reading ${name}, to know it again …`);
    const path = await findModel(name, context);
    files[part] = await modelDigests(path, context.signal);
    // The base of `--adapter` is the model, whatever the adapter calls it: that may be nowhere.
    const { base } = part === 'adapter' ? {} : await modelAndBase(path, context);
    if (base !== undefined) files[`${part}'s base`] = await modelDigests(base, context.signal);
  }
  return { files, ...(heldOut === undefined ? {} : { heldOut: await heldOut.fingerprintInPieces(context.signal) }) };
}

/** What tells a run from every other one, in a few letters: it goes into the run's checkpoints. */
export function runKey(run: {
  readonly command: string;
  readonly dataset: { readonly fingerprint: string };
  readonly identity: RunIdentity;
}): string {
  const { command, dataset, identity } = run;
  const parts = Object.entries(identity.files)
    .sort()
    .map(([part, files]) => [part, Object.entries(files).sort()]);
  return createHash('sha256')
    .update(JSON.stringify([command, dataset.fingerprint, parts]))
    .digest('hex')
    .slice(0, 32);
}

/** What is another file now, for people. */
export function changedFiles(then: RunIdentity['files'], now: RunIdentity['files']): string[] {
  const parts = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return parts.flatMap((part) => {
    const [before, after] = [then[part], now[part]];
    // That a part has come or gone, the options say.
    if (before === undefined || after === undefined) return [];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => {
      if (before[name] === after[name]) return [];
      const how =
        before[name] === undefined ? 'is new' : after[name] === undefined ? 'is gone' : 'has other content than then';
      return [`${name} of the ${part} ${how}`];
    });
  });
}
