// Makes a reward model of every tiny model of fixtures/models/ and writes the input of check_rewards.py into FOLDER/NAME: the
// classifier, a LoRA adapter with its score head in adapter/, and the rewards of some texts in rewards.json of each.
//
//     node tooling/parity/save_rewards.mjs FOLDER        (needs the packages built)
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerRewards } from '../../packages/core/dist/index.js';
import { openPortable } from '../../packages/engine/dist/index.js';
import { addLora, loadRewardModel, saveAdapter, saveModel } from '../../packages/models/dist/index.js';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node save_rewards.mjs FOLDER');
const fixtures = fileURLToPath(new URL('fixtures/models/', import.meta.url));
/** The vocabulary of a tokenizer, whose ids every model has: padding, which is in no text, an end, and a letter. */
const vocab = { '<pad>': 0, '</s>': 1, a: 2 };
const special = ['<pad>', '</s>'].map((content, id) => ({
  ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
}));
const tokenizer = { version: '1.0', added_tokens: special, model: { type: 'BPE', vocab, merges: [] } };
const engine = await openPortable();

function withSetting(config, key, value) {
  const pattern = new RegExp(`"${key}":\\s*[^,}\\n]+`);
  return pattern.test(config)
    ? config.replace(pattern, `"${key}": ${value}`)
    : config.replace('{', `{"${key}": ${value},`);
}

/** The rewards of texts in ids, of which the first three are the prompt. */
async function rewardsOf(model, texts) {
  const groups = texts.map((ids) => ({
    prompt: Int32Array.from(ids.slice(0, 3)),
    answers: [Int32Array.from(ids.slice(3))],
  }));
  return (await answerRewards(model, groups)).flat().map((reward, i) => ({ ids: texts[i], reward }));
}

for (const entry of readdirSync(fixtures, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const folder = join(out, entry.name);
  const base = join(folder, 'base');
  cpSync(join(fixtures, entry.name), base, { recursive: true });
  // The text is edited, since JavaScript would write 3.0 as 3, which transformers refuses for a setting that is a float.
  const config = readFileSync(join(base, 'config.json'), 'utf8');
  writeFileSync(
    join(base, 'config.json'),
    withSetting(withSetting(config, 'eos_token_id', '1'), 'pad_token_id', 'null'),
  );
  writeFileSync(join(base, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(base, 'tokenizer_config.json'), '{"eos_token":"</s>"}');
  const { ids } = JSON.parse(readFileSync(join(base, 'expected.json'), 'utf8'));
  const text = ids.map((id) => Math.max(2, id)); // without padding and end
  const texts = [text, text.slice(0, 5), text.slice(2)];

  const { model, source } = await loadRewardModel(engine, base, { seed: 3 });
  await saveModel(model, folder, { source });
  writeFileSync(join(folder, 'rewards.json'), JSON.stringify(await rewardsOf(model, texts)));

  const adapted = await addLora(model, { rank: 2, alpha: 4, seed: 1, modulesToSave: ['score'] });
  for (const [name, variable] of adapted.trainable())
    if (name.includes('lora_B') || name.includes('score'))
      variable.write(Float32Array.from({ length: (await variable.read()).length }, (_, i) => Math.sin(i + 1) / 3));
  await saveAdapter(adapted, join(folder, 'adapter'), { baseModel: base, source });
  writeFileSync(join(folder, 'adapter', 'rewards.json'), JSON.stringify(await rewardsOf(adapted, texts)));
  adapted.dispose();
}
await engine.dispose();
