import { createHash } from 'node:crypto';
import type { Dataset } from '@dpo/data';
import { modelDigests } from '@dpo/models';
import type { RunContext } from '../context.js';
import { findModel, modelAndBase } from '../inputs/open-model.js';

/** The facts that decide a run's numbers besides its options and its data, for the run's `config.json`. */
export interface RunIdentity {
  /**
   * SHA-256 of the files that each model is read from (weights, tokenizer, chat template, end tokens), by the model's part in the
   * run and by file. Parts are `model`, `reference`, `adapter` and `baseline`. The base of an adapter is a part as well.
   */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The fingerprint of the held-out data. */
  readonly heldOut?: string;
}

/** The options that name models. */
interface NamedParts {
  readonly model?: string | undefined;
  readonly baseline?: string | undefined;
  readonly ref?: string | undefined;
  readonly adapter?: string | undefined;
}

/**
 * Digests the files of a run's models, to recognise them on resumption. Takes about as long as loading the models.
 *
 * @throws DpoError `model.…`, `hub.…`; the signal's reason when it is aborted
 */
export async function identityOf(
  { model, ref, adapter, baseline }: NamedParts,
  heldOut: Pick<Dataset<unknown>, 'fingerprintInPieces'> | undefined,
  context: RunContext,
): Promise<RunIdentity> {
  const files: Record<string, Record<string, string>> = {};
  for (const [part, name] of Object.entries({ model, reference: ref, adapter, baseline })) {
    if (name === undefined) continue;
    context.progress(`Reading ${name}, to know it again …`);
    const path = await findModel(name, context);
    files[part] = await modelDigests(path, context.signal);
    // The base of `--adapter` is `--model`. The base that the adapter names may not exist any more.
    const { base } = part === 'adapter' ? {} : await modelAndBase(path, context);
    if (base !== undefined) files[`${part}'s base`] = await modelDigests(base, context.signal);
  }
  return { files, ...(heldOut === undefined ? {} : { heldOut: await heldOut.fingerprintInPieces(context.signal) }) };
}

/** A key of 32 hexadecimal digits that tells a run from every other run, for the run's checkpoints. */
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

/** Which files have changed, in words. */
export function changedFiles(then: RunIdentity['files'], now: RunIdentity['files']): string[] {
  const parts = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  return parts.flatMap((part) => {
    const [before, after] = [then[part], now[part]];
    // A part that was added or left out is a difference between the options, which are compared elsewhere.
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
