import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@dpo/base/files';
import { type FrontierRow, frontierRows } from '../../frontier/frontier-rows.js';
import { frontierSentences } from '../../frontier/frontier-sentences.js';
import { csv } from '../csv.js';
import type { FrontierReport } from './frontier-data.js';
import { renderFrontier } from './render-frontier.js';

/**
 * Writes a frontier into a folder: the page `frontier.html`, the points `frontier.csv`, and all figures `frontier.json`. Each file is
 * written whole or not at all.
 *
 * @returns the page's path
 * @throws what writing a file throws
 */
export async function writeFrontier(folder: string, report: FrontierReport): Promise<string> {
  const { frontier, complete } = report;
  const rows = frontierRows(frontier);
  const head = Object.keys(rows[0] ?? {}) as (keyof FrontierRow)[];
  const table = csv(
    head,
    rows.map((row) => head.map((key) => row[key] ?? undefined)),
  );
  const json = {
    ...{ version: 1, complete, seeds: frontier.seeds, draws: frontier.draws, says: frontierSentences(frontier) },
    points: rows,
    cells: frontier.cells.map(({ points: _, ...cell }) => cell),
    equal_kl: frontier.equalKl,
  };
  await writeText(join(folder, 'frontier.csv'), table);
  await writeText(join(folder, 'frontier.json'), `${JSON.stringify(json, null, 2)}\n`);
  const page = join(folder, 'frontier.html');
  await writeText(page, renderFrontier(report));
  return page;
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, text));
}
