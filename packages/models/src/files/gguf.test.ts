import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DpoError } from '@dpo/base';
import { diskFolder } from '@dpo/base/files';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { openGguf } from './gguf.js';
import { ggufTypes, readableGgufTypes } from './gguf-types.js';
import { openModelFiles } from './open-model-files.js';

const fixtures = fileURLToPath(new URL('../../../../tooling/parity/fixtures/gguf_files/', import.meta.url));
const tiny = join(fixtures, 'tiny-llama.gguf');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gguf-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('dequantised blocks', async () => {
  const blocks = JSON.parse(await readFile(join(fixtures, 'blocks.json'), 'utf8')) as Record<
    string,
    { type: number; bytes: string; expected: string }
  >;

  it('exist for every readable type but the plain floats', () => {
    expect([...Object.keys(blocks), 'F32', 'F64'].sort()).toEqual([...readableGgufTypes].sort());
  });

  it.each(Object.keys(blocks))('of %s are those of the Python package, bit for bit', (name) => {
    const { type, bytes, expected } = blocks[name] as (typeof blocks)[string];
    const raw = Uint8Array.from(Buffer.from(bytes, 'base64'));
    const ggufType = ggufTypes.get(type);
    expect(ggufType?.name).toBe(name);
    const numbers = (raw.length / (ggufType?.bytes ?? 1)) * (ggufType?.block ?? 1);
    // One place in front shows that the offset of the output counts.
    const out = new Float32Array(numbers + 1);
    ggufType?.dequantise?.(raw, out, 1);
    expect(Buffer.from(out.buffer, 4).toString('base64')).toBe(expected);
  });
});

describe('a GGUF file', async () => {
  const expected = JSON.parse(await readFile(join(fixtures, 'tiny-llama.json'), 'utf8')) as {
    weights: Record<string, { shape: number[]; sha256: string }>;
    texts: { text: string; ids: number[] }[];
  };

  it('has Hugging Face’s weights: names, shapes, row order and every bit', async () => {
    const model = await openModelFiles(tiny);
    expect([...model.tensors.keys()].sort()).toEqual(Object.keys(expected.weights).sort());
    for (const [name, { shape, sha256 }] of Object.entries(expected.weights)) {
      const values = await model.read(name);
      expect(model.tensors.get(name)?.shape, name).toEqual(shape);
      expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'), name).toBe(sha256);
    }
    const name = 'model.embed_tokens.weight';
    const buffer = new Float32Array(288 * 32 + 1).fill(7);
    const values = await model.read(name, buffer);
    expect(values.buffer).toBe(buffer.buffer);
    expect(values).toEqual(await model.read(name));
    expect(buffer.at(-1)).toBe(7);
    await expect(model.read('lm_head.weight')).rejects.toMatchObject({ code: 'model.unknown-tensor' });
    await model.close();
  });

  it('has Hugging Face’s configuration, also when its folder is opened', async () => {
    await copyFile(tiny, join(folder, 'some.gguf'));
    const model = await openModelFiles(folder);
    expect(model.path).toBe(folder);
    expect(model.format).toBe('gguf');
    expect(model.config).toEqual({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: 288,
      tie_word_embeddings: true,
      bos_token_id: 1,
      eos_token_id: 2,
      torch_dtype: 'float32',
      hidden_act: 'silu',
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 8,
      max_position_embeddings: 128,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      rope_scaling: null,
      attention_bias: false,
      mlp_bias: false,
    });
    await model.close();
  });

  it('has a working tokenizer', async () => {
    const model = await openModelFiles(tiny);
    const tokenizer = createTokenizer(model.tokenizerFiles);
    for (const { text, ids } of expected.texts) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect(tokenizer).toMatchObject({ eosTokenId: 2, padTokenId: 2, bosPrefix: [], vocabSize: 288 });
    expect(tokenizer.chat?.prompt([{ role: 'user', content: 'a' }])).toBe('a<|im_end|>');
    expect(JSON.parse(model.tokenizerFiles['generation_config.json'] ?? '')).toMatchObject({ eos_token_id: 2 });
    await model.close();
  });
});

describe('a damaged GGUF file', async () => {
  const whole = Uint8Array.from(await readFile(tiny));

  /** The place behind a text in the file. */
  const after = (text: string): number => Buffer.from(whole).indexOf(text) + text.length;

  type Damage =
    | { at: number; uint32: number }
    | { at: number; uint64: bigint }
    | { at: number; byte: number }
    | { cut: number };
  const damagedFile = async (damage: Damage): Promise<string> => {
    const bytes = Uint8Array.from(whole);
    const view = new DataView(bytes.buffer);
    if ('uint32' in damage) view.setUint32(damage.at, damage.uint32, true);
    if ('uint64' in damage) view.setBigUint64(damage.at, damage.uint64, true);
    if ('byte' in damage) view.setUint8(damage.at, damage.byte);
    const path = join(folder, 'damaged.gguf');
    await writeFile(path, 'cut' in damage ? bytes.subarray(0, damage.cut) : bytes);
    return path;
  };
  const x = 0x58;
  // After a tensor's name: dimensions (4 bytes), two sizes (8 each), type (4), place (8).
  const embedding = after('token_embd.weight');
  const query = after('blk.0.attn_q.weight');

  it.each<[string, string, Damage]>([
    ['is empty', 'model.bad-gguf', { cut: 0 }],
    ['has another beginning', 'model.bad-gguf', { at: 0, byte: 0 }],
    ['is big-endian', 'model.bad-gguf', { at: 4, uint32: 0x03000000 }],
    ['is of a future version', 'model.bad-gguf', { at: 4, uint32: 9 }],
    ['has an absurd number of tensors', 'model.bad-gguf', { at: 8, uint64: 2n ** 63n }],
    ['has more tensors than there is room for', 'model.bad-gguf', { at: 8, uint64: 2n ** 23n }],
    ['has more metadata than there is room for', 'model.bad-gguf', { at: 16, uint64: 2n ** 30n }],
    ['has an absurdly long text', 'model.bad-gguf', { at: 24, uint64: 2n ** 40n }],
    ['has a text past the end', 'model.truncated-file', { at: 24, uint64: 2n ** 25n }],
    ['has an absurdly long list', 'model.bad-gguf', { at: after('tokenizer.ggml.tokens') + 8, uint64: 2n ** 50n }],
    ['has a value of unknown type', 'model.bad-gguf', { at: after('llama.block_count'), uint32: 13 }],
    ['has many dimensions', 'model.bad-gguf', { at: embedding, uint32: 5 }],
    ['has a tensor of an absurd size', 'model.bad-gguf', { at: embedding + 4, uint64: 2n ** 52n }],
    ['has rows of no whole blocks', 'model.bad-gguf', { at: query + 4, uint64: 31n }],
    ['has a tensor of unknown type', 'model.bad-gguf', { at: embedding + 20, uint32: 99 }],
    ['has overlapping tensors', 'model.bad-gguf', { at: query + 24, uint64: 64n }],
    ['has a tensor past the end', 'model.truncated-file', { at: embedding + 24, uint64: 2n ** 40n }],
    ['is cut within its header', 'model.bad-gguf', { cut: 2000 }],
    ['is cut within its data', 'model.truncated-file', { cut: whole.length - 100 }],
    ['lacks a setting', 'model.bad-gguf', { at: after('llama.block_coun'), byte: x }],
    ['has a setting of another type', 'model.bad-gguf', { at: after('llama.block_count'), uint32: 6 }],
    ['has a tensor twice', 'model.bad-gguf', { at: after('blk.1.attn_') - 7, byte: 0x30 }],
    [
      'is of another architecture',
      'model.unsupported-architecture',
      { at: after('general.architecture') + 12, byte: x },
    ],
    ['cuts words in an unknown way', 'tokenizer.unsupported', { at: after('tokenizer.ggml.pre') + 12, byte: x }],
    ['has a tensor that belongs nowhere', 'model.bad-gguf', { at: after('output_nor'), byte: x }],
  ])('is refused when it %s', async (_, code, damage) => {
    const path = await damagedFile(damage);
    const error: unknown = await openModelFiles(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(path) });
  });

  it('gives a typed error or numbers, whatever is damaged', async () => {
    const header = embedding + 500;
    const path = join(folder, 'fuzzed.gguf');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(header), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat(whole.length), { freq: 3 }),
        async (changes, length) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await writeFile(path, bytes.subarray(0, length ?? bytes.length));
          try {
            const gguf = await openGguf(diskFolder(folder), basename(path));
            for (const [name, { shape }] of gguf.tensors) {
              const numbers = shape.reduce((product, size) => product * size, 1);
              expect((await gguf.read(name)).length).toBe(numbers);
            }
            await gguf.close();
          } catch (error) {
            expect(DpoError.is(error), String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
