import { DpoError } from '@dpo/base';

/** Names of files with weights that Python has pickled. */
export const pickle = /\.(bin|bin\.index\.json|pt|pth|ckpt|pkl)$/i;

/** The error of a folder whose weights are pickled, with the Python that converts them. */
export function pickled(folder: string, file: string, task = 'CausalLM'): DpoError {
  const convert = file.startsWith('adapter_model')
    ? 'safetensors.torch.save_file(torch.load("adapter_model.bin", weights_only=True), "adapter_model.safetensors")'
    : `AutoModelFor${task}.from_pretrained(${JSON.stringify(folder)}).save_pretrained("NEW_FOLDER")`;
  return new DpoError(
    'model.pickle',
    `${folder} has its weights only as ${file}, a Python pickle, which is not read.`,
    {
      values: { path: folder, file },
      hint: `Pickles run code when they are opened. Convert it in Python: ${convert}.`,
    },
  );
}
