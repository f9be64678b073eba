import { rm, writeFile } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile, writeFileAtomic } from '@dpo/base/files';

/**
 * Leaves in `warnings.jsonl` what was said up to a step: a resumed run says later warnings again. Lines that a kill or something
 * else has damaged say nothing any more and go. A run that begins anew has no such file.
 */
export async function keepWarnings(path: string, afterStep: number): Promise<void> {
  if (afterStep === 0) return rm(path, { force: true });
  const text = await readTextFile(path).catch((error: unknown) => {
    const known = asFileError(error, path);
    if (DpoError.is(known, 'file.not-found')) return undefined;
    throw known;
  });
  if (text === undefined) return;
  const remaining = text.split('\n').filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= afterStep);
  await writeFileAtomic(path, (file) => writeFile(file, remaining.map((line) => `${line}\n`).join('')));
}

/** The step of a warning; undefined where the line is none. */
function stepOf(line: string): number | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const step = typeof value === 'object' && value !== null && 'step' in value ? value.step : undefined;
    return typeof step === 'number' ? step : undefined;
  } catch {
    return undefined;
  }
}
