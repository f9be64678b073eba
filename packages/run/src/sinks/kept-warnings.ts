import { rm, writeFile } from 'node:fs/promises';
import { DpoError } from '@dpo/base';
import { asFileError, readTextFile, writeFileAtomic } from '@dpo/base/files';

/**
 * Leaves in `warnings.jsonl` the warnings up to a step: a resumed run gives later warnings again. Damaged lines, which a kill may
 * leave, are removed. For a run that begins anew the file is removed.
 *
 * @throws DpoError the codes of `asFileError`
 */
export async function keepWarnings(path: string, afterStep: number): Promise<void> {
  if (afterStep === 0) return rm(path, { force: true });
  const text = await readTextFile(path).catch((error: unknown) => {
    const fileError = asFileError(error, path);
    if (DpoError.is(fileError, 'file.not-found')) return undefined;
    throw fileError;
  });
  if (text === undefined) return;
  const remaining = text.split('\n').filter((line) => (stepOf(line) ?? Number.POSITIVE_INFINITY) <= afterStep);
  await writeFileAtomic(path, (file) => writeFile(file, remaining.map((line) => `${line}\n`).join('')));
}

/** The step of a warning; undefined for a line that holds no warning. */
function stepOf(line: string): number | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const step = typeof value === 'object' && value !== null && 'step' in value ? value.step : undefined;
    return typeof step === 'number' ? step : undefined;
  } catch {
    return undefined;
  }
}
