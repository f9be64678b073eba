import { gemmaFamily } from './_gemma-family.js';
import type { ConfigReader } from './config-reader.js';
import { readRotary } from './read-rotary.js';
import type { Decoder } from './types.js';

/**
 * Gemma 2 (arXiv 2408.00118): every other layer has a window, attention scores and logits are capped softly, and attention and
 * MLP have RMS norms before and after them.
 */
export function gemma2(settings: ConfigReader): Decoder {
  return gemmaFamily(settings, {
    modelType: 'gemma2',
    defaults: { vocabSize: 256000, maxPositions: 8192 },
    headNorms: false,
    slides: (layer) => layer % 2 === 0,
    rotary(headSize, maxPositions) {
      const rotary = readRotary(settings, headSize, maxPositions);
      return { full: rotary, sliding: rotary };
    },
    scoreCap: settings.optionalPositive('attn_logit_softcapping', 50),
    logitCap: settings.optionalPositive('final_logit_softcapping', 30),
  });
}
