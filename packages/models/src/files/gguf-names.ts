/** The change that turns a tensor of a GGUF file into the weight of the Hugging Face model. */
type GgufChange =
  | 'none'
  /** GPT-2's linear layers are stored [out, in] in GGUF and [in, out] by Hugging Face. */
  | 'transpose'
  /** llama.cpp interleaves the weight's rows of each head's two rotary halves. */
  | 'query-rows'
  | 'key-rows'
  /** GGUF has the queries of all heads, then the keys, then the values; GPT-NeoX has all three of a head together. */
  | 'qkv-rows'
  /** llama.cpp stores 1 + weight of Gemma's norms. */
  | 'minus-one';

/** The weight that a tensor of a GGUF file belongs to. */
export interface GgufPlace {
  /** The weight's Hugging Face name. */
  readonly name: string;
  readonly change: GgufChange;
}

type Names = Readonly<Record<string, readonly [name: string, change: GgufChange]>>;

const llamaTop: Names = {
  token_embd: ['model.embed_tokens', 'none'],
  output_norm: ['model.norm', 'none'],
  output: ['lm_head', 'none'],
};

const llamaBlock = (queries: GgufChange, keys: GgufChange): Names => ({
  attn_norm: ['input_layernorm', 'none'],
  attn_q: ['self_attn.q_proj', queries],
  attn_k: ['self_attn.k_proj', keys],
  attn_v: ['self_attn.v_proj', 'none'],
  attn_output: ['self_attn.o_proj', 'none'],
  attn_q_norm: ['self_attn.q_norm', 'none'],
  attn_k_norm: ['self_attn.k_norm', 'none'],
  ffn_norm: ['post_attention_layernorm', 'none'],
  ffn_gate: ['mlp.gate_proj', 'none'],
  ffn_up: ['mlp.up_proj', 'none'],
  ffn_down: ['mlp.down_proj', 'none'],
});

const gemmaTop: Names = { ...llamaTop, output_norm: ['model.norm', 'minus-one'] };

const gemmaBlock: Names = {
  ...llamaBlock('none', 'none'),
  attn_norm: ['input_layernorm', 'minus-one'],
  attn_q_norm: ['self_attn.q_norm', 'minus-one'],
  attn_k_norm: ['self_attn.k_norm', 'minus-one'],
  post_attention_norm: ['post_attention_layernorm', 'minus-one'],
  ffn_norm: ['pre_feedforward_layernorm', 'minus-one'],
  post_ffw_norm: ['post_feedforward_layernorm', 'minus-one'],
};

const neoxTop: Names = {
  token_embd: ['gpt_neox.embed_in', 'none'],
  output_norm: ['gpt_neox.final_layer_norm', 'none'],
  output: ['embed_out', 'none'],
};

const neoxBlock: Names = {
  attn_norm: ['input_layernorm', 'none'],
  attn_qkv: ['attention.query_key_value', 'qkv-rows'],
  attn_output: ['attention.dense', 'none'],
  ffn_norm: ['post_attention_layernorm', 'none'],
  ffn_up: ['mlp.dense_h_to_4h', 'none'],
  ffn_down: ['mlp.dense_4h_to_h', 'none'],
};

const gpt2Top: Names = {
  token_embd: ['transformer.wte', 'none'],
  position_embd: ['transformer.wpe', 'none'],
  output_norm: ['transformer.ln_f', 'none'],
  output: ['lm_head', 'none'],
};

const gpt2Block: Names = {
  attn_norm: ['ln_1', 'none'],
  attn_qkv: ['attn.c_attn', 'transpose'],
  attn_output: ['attn.c_proj', 'transpose'],
  ffn_norm: ['ln_2', 'none'],
  ffn_up: ['mlp.c_fc', 'transpose'],
  ffn_down: ['mlp.c_proj', 'transpose'],
};

interface Architecture {
  readonly top: Names;
  readonly block: Names;
  /** The part before the number of a block in Hugging Face's names. */
  readonly layers: string;
}

/** Tensor names by GGUF architecture (`general.architecture`). Only `llama` has interleaved rows. */
const architectures: Readonly<Record<string, Architecture>> = {
  llama: { top: llamaTop, block: llamaBlock('query-rows', 'key-rows'), layers: 'model.layers' },
  qwen2: { top: llamaTop, block: llamaBlock('none', 'none'), layers: 'model.layers' },
  qwen3: { top: llamaTop, block: llamaBlock('none', 'none'), layers: 'model.layers' },
  gemma2: { top: gemmaTop, block: gemmaBlock, layers: 'model.layers' },
  gemma3: { top: gemmaTop, block: gemmaBlock, layers: 'model.layers' },
  gptneox: { top: neoxTop, block: neoxBlock, layers: 'gpt_neox.layers' },
  gpt2: { top: gpt2Top, block: gpt2Block, layers: 'transformer.h' },
};

/** The GGUF architectures whose tensors have Hugging Face names here. */
export const ggufArchitectures: readonly string[] = Object.keys(architectures);

/** The factors of the rotary frequencies (Llama 3.1). They are no weight but a setting, which goes into the configuration. */
export const ropeFactors = 'rope_freqs.weight';

/**
 * The Hugging Face name of a GGUF tensor, and the change of its numbers; undefined for a name that the architecture lacks.
 * A layer's bias changes as the rows of its weight do, and a vector needs no transposition.
 */
export function placeOf(architecture: string, tensor: string): GgufPlace | undefined {
  const table = Object.hasOwn(architectures, architecture) ? architectures[architecture] : undefined;
  const match = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(tensor);
  if (table === undefined || match === null) return undefined;
  const [, layer, part = '', kind = ''] = match;
  const names = layer === undefined ? table.top : table.block;
  const entry = Object.hasOwn(names, part) ? names[part] : undefined;
  if (entry === undefined) return undefined;
  const [name, change] = entry;
  return {
    name: `${layer === undefined ? '' : `${table.layers}.${layer}.`}${name}.${kind}`,
    change: change === 'transpose' && kind === 'bias' ? 'none' : change,
  };
}

/**
 * The rows of a query or key projection in Hugging Face's order. In llama.cpp's order the two halves of a head, which are rotated
 * against each other, alternate row by row; Hugging Face has one half after the other:
 * `result[head, part, i] = rows[head, i, part]`, part 0 or 1.
 *
 * @param rows [heads · headSize, width], row-major; width 1 for a bias
 */
export function undoRowOrder(rows: Float32Array, heads: number, width: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(rows.length);
  const half = rows.length / width / heads / 2;
  for (let head = 0; head < heads; head++) {
    for (let part = 0; part < 2; part++) {
      for (let i = 0; i < half; i++) {
        const from = (head * half * 2 + i * 2 + part) * width;
        result.set(rows.subarray(from, from + width), (head * half * 2 + part * half + i) * width);
      }
    }
  }
  return result;
}

/**
 * Rows with the queries, keys and values of each head together, which llama.cpp's converter divides:
 * `result[head, part, i] = rows[part, head, i]`, part 0, 1 or 2.
 *
 * @param rows [3 · heads · headSize, width], row-major; width 1 for a bias
 */
export function joinHeadParts(rows: Float32Array, heads: number, width: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(rows.length);
  const size = (rows.length / width / heads / 3) * width;
  for (let part = 0; part < 3; part++) {
    for (let head = 0; head < heads; head++) {
      const from = (part * heads + head) * size;
      result.set(rows.subarray(from, from + size), (head * 3 + part) * size);
    }
  }
  return result;
}

/** [rows, columns] → [columns, rows]. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return result;
}
