import type { InputsMessage } from '../worker/messages.js';

/** The files of the built-in model, which lie beside the page. */
const modelFiles = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'] as const;

/** Fetches the built-in model and its pairs from the page's own origin. */
export async function fetchDemo(): Promise<InputsMessage> {
  const get = async (name: string): Promise<Blob> => {
    const response = await fetch(new URL(`demo/${name}`, document.baseURI));
    if (!response.ok) throw new Error(`demo/${name}: ${response.status} ${response.statusText}`);
    return response.blob();
  };
  const [pairs, ...files] = await Promise.all([get('pairs.jsonl'), ...modelFiles.map(get)]);
  return {
    ...{ demo: true, modelName: 'tiny-gpt2', pairsName: 'pairs.jsonl', pairs },
    model: new Map(modelFiles.map((name, i) => [name, files[i] as Blob])),
  };
}
