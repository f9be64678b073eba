import { gemmaFamily } from './_gemma-family.js';
import { ConfigReader } from './config-reader.js';
import { rotaryOf } from './read-rotary.js';
import type { Decoder } from './types.js';

/**
 * The text models of Gemma 3 (arXiv 2503.19786): Gemma 2 with norms of queries and keys in the place of soft caps, five layers
 * with a window to one layer without, and slower rotations in the layers without.
 */
export function gemma3(settings: ConfigReader): Decoder {
  const pattern = settings.count('sliding_window_pattern', 6);
  return gemmaFamily(settings, {
    modelType: 'gemma3_text',
    defaults: { vocabSize: 262208, maxPositions: 131072 },
    headNorms: true,
    slides: (layer) => (layer + 1) % pattern !== 0,
    rotary(headSize, maxPositions) {
      // transformers 5 has the parameters of both kinds of layers in one place. `rope_scaling` of earlier versions is about the
      // layers without a window, and takes precedence.
      const both = settings.object('rope_parameters');
      const [full, scaling] = [both?.object('full_attention'), settings.object('rope_scaling')];
      const scaled = scaling && new ConfigReader({ ...full?.raw, ...scaling.raw }, scaling.path);
      const sliding = both?.object('sliding_attention');
      const [theta, local] = [settings.positive('rope_theta', 1e6), settings.positive('rope_local_base_freq', 1e4)];
      return {
        full: rotaryOf(settings, scaled ?? full, headSize, maxPositions, theta),
        sliding: rotaryOf(settings, sliding, headSize, maxPositions, local),
      };
    },
    scoreCap: undefined,
    logitCap: settings.optionalPositive('final_logit_softcapping'),
  });
}
