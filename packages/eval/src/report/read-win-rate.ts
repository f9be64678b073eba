import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { isThere } from '@dpo/base/files';
import { plainText } from '@dpo/data';
import { pairAnswers } from '../answers/pair-answers.js';
import { readAnswers } from '../answers/read-answers.js';
import { readVerdicts } from '../verdicts/read-verdicts.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import type { PairTexts } from './judged-case.js';
import { type WinRateEvidence, winRateEvidence } from './win-rate-evidence.js';

/**
 * Reads the files of a judging: `verdicts.jsonl`, people's `votes.jsonl` beside it or in its place, and the texts that were compared,
 * `answers.jsonl` and `against.jsonl`. Undefined without verdicts and votes.
 *
 * @throws DpoError the errors of reading each file, naming file and line; `human.other-answers` for votes on other texts
 */
export async function readWinRate(folder: string): Promise<WinRateEvidence | undefined> {
  const votes = await verdictsIn(join(folder, 'votes.jsonl'));
  const ofJudge = (await isThere(join(folder, 'verdicts.jsonl')))
    ? (await readVerdicts(join(folder, 'verdicts.jsonl'))).verdicts
    : undefined;
  const verdicts = ofJudge ?? votes;
  if (verdicts === undefined) return undefined;
  return winRateEvidence(verdicts, {
    texts: await textsIn(folder),
    votes: ofJudge === undefined ? undefined : votes,
  });
}

/** Undefined when the file is missing, or holds skips alone. */
async function verdictsIn(path: string): Promise<readonly StoredVerdict[] | undefined> {
  if (!(await isThere(path))) return undefined;
  try {
    return (await readVerdicts(path)).verdicts;
  } catch (error) {
    if (DpoError.is(error, 'verdicts.empty')) return undefined;
    throw error;
  }
}

/** The texts of all pairs; empty when a file of answers is missing. */
async function textsIn(folder: string): Promise<PairTexts[]> {
  const [ours, theirs] = ['answers.jsonl', 'against.jsonl'].map((name) => join(folder, name)) as [string, string];
  if (!(await isThere(ours)) || !(await isThere(theirs))) return [];
  const { pairs } = pairAnswers(await readAnswers(ours), await readAnswers(theirs));
  return pairs.map(({ prompt, ...pair }) => ({ ...pair, prompt: plainText(prompt) }));
}
