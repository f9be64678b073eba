/** Logits of more bytes are computed again for their gradient: `keep` of tokenLogps in @dpo/models. */
const LARGEST_LOGITS = 128 * 2 ** 20;

/**
 * The floating-point operations of the matrix products in one of our training steps, which every step needs: two for a
 * multiplication with its addition.
 *
 * A forward pass has 2 · (weights) per token, 2 · (T + 1) · (heads · head size) per token and layer for attention of each
 * position to itself and the positions before it, and 2 · D · V per predicted token. After the last attention only predicted
 * tokens count. The gradient takes twice the forward pass, or once when only an adapter is trained. A reference inside the step
 * takes one forward pass more, recomputation one more of the layers, and logits that are computed again one more of the logits.
 *
 * @param model a LanguageModel
 * @param batch a PackedBatch of @dpo/base
 */
export function stepFlops(model, { packedRows, length, tokens }, { lora, onlineReference, activationCheckpointing }) {
  const { config, decoder } = model;
  const linear = (last) =>
    [...decoder.weights]
      .filter(([name, { kind }]) => kind === 'linear' && isInLastLayer(name, config.layers) === last)
      .map(([name, { shape }]) => ({ name, size: shape[0] * shape[1] }));
  const perToken = sum(linear(false));
  const lastLayer = linear(true);
  const beforeAttention = sum(lastLayer.filter(({ name }) => /(q|k|v)_proj|c_attn|query_key_value/.test(name)));
  const all = packedRows * length;
  const predicted = Math.min(all, tokens);
  const attention = 2 * config.layers * (length + 1) * config.heads * config.headSize * all;
  const layers = 2 * perToken * all + 2 * beforeAttention * all + 2 * (sum(lastLayer) - beforeAttention) * predicted;
  const logits = 2 * config.width * config.vocabSize * tokens;
  const forward = layers + attention + logits;
  // An adapter's own factors are below one part in a hundred. Attention has no weights: its gradient takes twice.
  const backward = lora ? layers + 2 * attention + logits : 2 * forward;
  const again =
    (activationCheckpointing ? layers + attention : 0) + (4 * tokens * config.vocabSize > LARGEST_LOGITS ? logits : 0);
  return forward + backward + (onlineReference ? forward : 0) + again;
}

function isInLastLayer(name, layers) {
  return new RegExp(`\\.${layers - 1}\\.`).test(name);
}

function sum(weights) {
  return weights.reduce((total, { size }) => total + size, 0);
}
