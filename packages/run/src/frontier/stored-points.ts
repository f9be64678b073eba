import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile } from '@dpo/base/files';
import type { FrontierSample } from '@dpo/eval';
import { z } from 'zod';
import { writeJson } from './stored-frontier.js';

const stored = z.strictObject({
  samples: z
    .array(
      z.strictObject({
        prompt: z.int().min(0),
        text: z.string(),
        reward: z.number(),
        kl: z.number(),
        learned: z.number().optional(),
        tokens: z.array(z.int()),
        ended: z.boolean(),
      }),
    )
    .min(1),
});

/** The file of a point's answers. */
export function pointFile(folder: string, id: string, step: number): string {
  return join(folder, 'points', `${id}-${step}.json`);
}

/**
 * The measured answers of a point: those that the file holds, else what `measure` finds, which is stored before anything else is
 * done.
 *
 * @throws DpoError `frontier.bad-point` for a file that holds something else
 */
export async function storedOrMeasured(
  path: string,
  measure: () => Promise<FrontierSample[]>,
): Promise<readonly FrontierSample[]> {
  if (await isThere(path)) return readPoint(path);
  const samples = await measure();
  await writeJson(path, { samples });
  return samples;
}

async function readPoint(path: string): Promise<readonly FrontierSample[]> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const bad = (cause: unknown) =>
    new DpoError('frontier.bad-point', `${path} does not hold the answers of a point.`, {
      values: { path },
      hint: 'Remove the file: the point is then measured again.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(cause);
  }
  const read = stored.safeParse(value);
  if (!read.success) throw bad(read.error);
  return read.data.samples;
}
