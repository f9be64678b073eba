import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpoError } from '@dpo/base';
import { readTextIfThere, writeFileAtomic } from '@dpo/base/files';
import type { WinrateOptions } from '../../options/winrate.js';
import { version } from '../../session/versions.js';

const COMMAND = 'eval winrate';

/** Options that answers and verdicts do not depend on. They may differ when an interrupted win rate goes on. */
const FREE: ReadonlySet<string> = new Set([
  ...['output', 'config', 'json', 'resamples', 'preset', 'engine', 'threads', 'device', 'memoryLimit', 'xla', 'tf32'],
  ...['concurrency', 'maxCost', 'prices', 'cache', 'judgeKeyEnv', 'judgeTimeout', 'port', 'rater', 'planned'],
]);

/**
 * Checks that a folder holds no run, or a win rate with the same options.
 *
 * @throws DpoError `eval.other-run` for a run of another command or with other options, naming the first option that differs
 */
export async function checkRun(options: WinrateOptions): Promise<void> {
  const config = await readTextIfThere(join(options.output, 'config.json'));
  if (config !== undefined) checkSame(options, JSON.parse(config) as unknown);
}

/** Writes `config.json` of a folder of answers and verdicts. */
export async function recordRun(options: WinrateOptions): Promise<void> {
  const path = join(options.output, 'config.json');
  const config = {
    command: COMMAND,
    options,
    seed: options.seed,
    versions: { dpo: version, node: process.versions.node },
  };
  await writeFileAtomic(path, (temporary) => writeFile(temporary, `${JSON.stringify(config, null, 2)}\n`));
}

function checkSame(options: WinrateOptions, config: unknown): void {
  const { command, options: before } = config as {
    readonly command?: unknown;
    readonly options?: Readonly<Record<string, unknown>>;
  };
  const refuse = (what: string) =>
    new DpoError('eval.other-run', `${options.output} holds ${what}.`, {
      values: { folder: options.output },
      hint: 'Choose another --output, or the same options to go on with this one.',
    });
  if (command !== COMMAND || before === undefined) throw refuse(`a run of dpo ${String(command)}`);
  const now: Readonly<Record<string, unknown>> = JSON.parse(JSON.stringify(options));
  for (const key of new Set([...Object.keys(now), ...Object.keys(before)])) {
    const [was, is] = [JSON.stringify(before[key]), JSON.stringify(now[key])];
    if (was === is || FREE.has(key)) continue;
    const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw refuse(`a win rate with --${flag} ${was ?? '(not given)'}, which is now ${is ?? '(not given)'}`);
  }
}
