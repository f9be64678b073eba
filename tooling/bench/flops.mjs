/** Logits beyond this many bytes are computed again for their gradient: `keep` of tokenLogps in @dpo/models. */
const KEPT_LOGITS = 128 * 2 ** 20;

/**
 * Floating-point operations of the matrix products in one of our training steps, two to a multiplication with its
 * addition: what a step cannot do without, whatever else it does.
 *
 * A forward pass has 2 · (weights) per token, 2 · (T + 1) · (heads · head size) per token and layer for attention of each
 * position to those up to itself, and 2 · D · V per predicted token; after the last attention only predicted tokens count.
 * The gradient takes twice the forward pass, or once where only an adapter is trained; a reference inside the step takes one
 * more, activation checkpointing one more of the layers, logits that are not kept one more of those.
 *
 * @param model a LanguageModel
 * @param batch the packed batch: rows, length, tokens (the predicted ones)
 */
export function stepFlops(model, { rows, length, tokens }, { lora, onlineReference, activationCheckpointing }) {
  const { config, decoder } = model;
  const linear = (last) =>
    [...decoder.weights]
      .filter(([name, { kind }]) => kind === 'linear' && isInLastLayer(name, config.layers) === last)
      .map(([name, { shape }]) => ({ name, size: shape[0] * shape[1] }));
  const perToken = sum(linear(false));
  const lastLayer = linear(true);
  const beforeAttention = sum(lastLayer.filter(({ name }) => /(q|k|v)_proj|c_attn|query_key_value/.test(name)));
  const all = rows * length;
  const wanted = Math.min(all, tokens);
  const attention = 2 * config.layers * (length + 1) * config.heads * config.headSize * all;
  const layers = 2 * perToken * all + 2 * beforeAttention * all + 2 * (sum(lastLayer) - beforeAttention) * wanted;
  const logits = 2 * config.width * config.vocabSize * tokens;
  const forward = layers + attention + logits;
  // An adapter's own factors are below one part in a hundred. Attention has no weights: its gradient takes twice.
  const backward = lora ? layers + 2 * attention + logits : 2 * forward;
  const again =
    (activationCheckpointing ? layers + attention : 0) + (4 * tokens * config.vocabSize > KEPT_LOGITS ? logits : 0);
  return forward + backward + (onlineReference ? forward : 0) + again;
}

function isInLastLayer(name, layers) {
  return new RegExp(`\\.${layers - 1}\\.`).test(name);
}

function sum(weights) {
  return weights.reduce((total, { size }) => total + size, 0);
}
