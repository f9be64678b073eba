import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { asFileError, isThere, readTextFile } from '@dpo/base/files';
import type { FrontierSample } from '@dpo/eval';
import { z } from 'zod';
import { writeJson } from './stored-frontier.js';

const pointSchema = z.strictObject({
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

/** The path of the file with a point's measured answers: `points/ID-STEP.json` in the seed's folder. */
export function pointFile(folder: string, id: string, step: number): string {
  return join(folder, 'points', `${id}-${step}.json`);
}

/**
 * The measured answers of a point, from the file at `path`. Without the file `measure` gives the answers, and the file is written.
 *
 * @throws {DpoError} `frontier.bad-point` when the file holds something else; what reading and writing the file throws, and what
 *   `measure` throws
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
  const badPoint = (cause: unknown) =>
    new DpoError('frontier.bad-point', `${path} does not hold the answers of a point.`, {
      values: { path },
      hint: 'Remove the file: the same command then measures the point again.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badPoint(cause);
  }
  const result = pointSchema.safeParse(value);
  if (!result.success) throw badPoint(result.error);
  return result.data.samples;
}
