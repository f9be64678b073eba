import { type ModelChoice, modelOfFiles } from '../session/inputs.js';
import type { InputsMessage } from '../worker/messages.js';
import { chosenFiles, droppedFiles, type PathAndFile } from './dropped-files.js';
import { element } from './element.js';

/** The part of the page where a model and pairs are chosen. */
export interface InputsView {
  /** What is chosen; the built-in model and pairs where nothing is. */
  chosen(demo: InputsMessage): InputsMessage;
  takeModel(model: ModelChoice<Blob>): void;
}

/**
 * Wires the buttons and places for a model and pairs.
 *
 * @param changed called after a choice, with whether the model is the built-in one
 * @param attempt runs what may fail, and shows the error
 */
export function inputsView(
  changed: (demo: boolean) => void,
  attempt: (work: () => void | Promise<void>) => void,
): InputsView {
  let model: ModelChoice<Blob> | undefined;
  let pairs: File | undefined;
  const texts = {
    model: element('model-choice', HTMLParagraphElement),
    pairs: element('pairs-choice', HTMLParagraphElement),
  };
  const builtIn = { model: texts.model.textContent, pairs: texts.pairs.textContent };

  const takeModel = (choice: ModelChoice<Blob> | undefined) => {
    model = choice;
    const size = [...(choice?.files.values() ?? [])].reduce((sum, file) => sum + file.size, 0);
    texts.model.textContent =
      choice === undefined
        ? builtIn.model
        : `${choice.name}: ${choice.files.size} files, ${(size / 1e6).toFixed(1)} MB`;
    element('model-demo', HTMLButtonElement).hidden = choice === undefined;
    changed(choice === undefined);
  };
  const takePairs = (file: File | undefined) => {
    pairs = file;
    texts.pairs.textContent = file === undefined ? builtIn.pairs : `${file.name}: ${(file.size / 1e3).toFixed(1)} kB`;
    element('pairs-demo', HTMLButtonElement).hidden = file === undefined;
    changed(model === undefined);
  };
  const takeModelFiles = (files: readonly PathAndFile[]) => takeModel(modelOfFiles(files));

  for (const name of ['model-folder', 'model-files'] as const) {
    const input = element(`${name}-input`, HTMLInputElement);
    element(name, HTMLButtonElement).onclick = () => input.click();
    input.onchange = () => attempt(() => takeModelFiles(chosenFiles(input.files)));
  }
  const pairsInput = element('pairs-input', HTMLInputElement);
  element('pairs-file', HTMLButtonElement).onclick = () => pairsInput.click();
  pairsInput.onchange = () => takePairs(pairsInput.files?.[0]);
  element('model-demo', HTMLButtonElement).onclick = () => takeModel(undefined);
  element('pairs-demo', HTMLButtonElement).onclick = () => takePairs(undefined);
  takeDrops('model-drop', (files) => attempt(async () => takeModelFiles(await files)));
  takeDrops('pairs-drop', (files) => attempt(async () => takePairs((await files)[0]?.[1])));
  return {
    takeModel,
    chosen: (demo) => ({
      demo: model === undefined && pairs === undefined,
      modelName: model?.name ?? demo.modelName,
      model: model?.files ?? demo.model,
      pairsName: pairs?.name ?? demo.pairsName,
      pairs: pairs ?? demo.pairs,
    }),
  };
}

/** A place onto which files are dropped. A drop beside a place would make the browser leave the page, so it does nothing. */
function takeDrops(id: string, take: (files: Promise<PathAndFile[]>) => void): void {
  const place = element(id, HTMLElement);
  for (const type of ['dragover', 'drop'] as const) document.addEventListener(type, (event) => event.preventDefault());
  place.addEventListener('dragover', () => place.classList.add('over'));
  place.addEventListener('dragleave', () => place.classList.remove('over'));
  place.addEventListener('drop', ({ dataTransfer }) => {
    place.classList.remove('over');
    if (dataTransfer !== null) take(droppedFiles(dataTransfer));
  });
}
