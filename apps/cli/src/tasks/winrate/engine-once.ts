import { type Engine, openEngine } from '@dpo/engine';
import { type EngineChoice, engineSettings } from '@dpo/run/command-line';
import type { Context } from '../../command/define.js';
import { offerEngine } from '../../session/offer-engine.js';

/** One engine for the answers and the judge, opened when one of them first needs it. Files and endpoints need no engine. */
export function engineOnce(
  options: EngineChoice,
  context: Context,
): { readonly open: () => Promise<Engine>; readonly dispose: () => Promise<void> } {
  let engine: Promise<Engine> | undefined;
  const begin = async () => {
    await offerEngine(options, context);
    return openEngine(engineSettings(options, context));
  };
  return {
    open: () => {
      engine ??= begin();
      return engine;
    },
    dispose: async () => {
      await (await engine?.catch(() => undefined))?.dispose();
    },
  };
}
