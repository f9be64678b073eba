import { type Engine, openEngine } from '@dpo/engine';
import { type EngineChoice, engineSettings } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import { offerEngine } from '../../session/offer-engine.js';

/** One engine for all who need one, opened by the first of them: files of answers and a judge far away need none. */
export function engineOnce(
  options: EngineChoice,
  context: Context,
): { readonly open: () => Promise<Engine>; readonly dispose: () => Promise<void> } {
  let opened: Promise<Engine> | undefined;
  const begin = async () => {
    await offerEngine(options, context);
    return openEngine(engineSettings(options));
  };
  return {
    open: () => {
      opened ??= begin();
      return opened;
    },
    dispose: async () => {
      await (await opened?.catch(() => undefined))?.dispose();
    },
  };
}
