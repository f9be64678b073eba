import { DpoError } from '@dpo/base';
import { USAGE } from '@dpo/run/command-line';
import type { WinrateOptions } from '../../options/winrate.js';

/**
 * Checks that a win rate has one source of answers on each side, before anything is opened.
 *
 * @throws DpoError `cli.usage`
 */
export function checkSides(options: WinrateOptions): void {
  const { answers, model, against, baseline, data, prompts } = options;
  const usage = (message: string, hint?: string) =>
    new DpoError(USAGE, `dpo eval winrate: ${message}`, hint === undefined ? {} : { hint });
  if ((answers === undefined) === (model === undefined))
    throw usage("the model's side needs either --answers FILE or --model MODEL.");
  if (data !== undefined && prompts !== undefined) throw usage('--data and --prompts do not go together.');
  const sides = [against, baseline].filter((side) => side !== undefined).length;
  if (sides > 1) throw usage("the baseline's side needs either --against or --baseline.");
  if (sides === 0 && data === undefined)
    throw usage(
      "the baseline's side needs --against FILE, --baseline MODEL, or --data, whose chosen answers are the baseline.",
    );
  const asks = model !== undefined || baseline !== undefined;
  if (asks && data === undefined && prompts === undefined) {
    const name = model === undefined ? '--baseline' : '--model';
    throw usage(`${name} answers prompts: name them by --data or --prompts.`);
  }
  if (!asks && prompts !== undefined) throw usage('--prompts is for a model that answers: --model or --baseline.');
}
