import { supportedArchitectures } from '../architectures/registry.js';
import { isClassifierConfig, SCORE } from '../architectures/score-head.js';
import { openModelFiles } from '../files/open-model-files.js';
import { labelsOf } from './labels.js';

/**
 * The kind of classifier that a folder holds. `reward`: a decoder with one label, which `loadRewardModel` opens, or a PEFT adapter
 * with a score head. `labels`: another classifier, which `loadClassifier` opens. Undefined for a language model.
 *
 * @throws {DpoError} the errors of `openModelFiles`.
 */
export async function classifierKind(path: string): Promise<'reward' | 'labels' | undefined> {
  const { adapter, config, tensors, close } = await openModelFiles(path);
  await close();
  if (adapter !== undefined) {
    const hasScore = [...tensors.keys()].some((name) => name.endsWith(`.${SCORE}`));
    return adapter.config.task_type === 'SEQ_CLS' || hasScore ? 'reward' : undefined;
  }
  if (!isClassifierConfig(config)) return undefined;
  const decoder = supportedArchitectures.includes(String(config.model_type));
  return decoder && labelsOf(config).names.length === 1 ? 'reward' : 'labels';
}
