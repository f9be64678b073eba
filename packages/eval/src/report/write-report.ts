import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '@dpo/base/files';
import type { ReportData } from './data.js';
import { figuresCsv, pairsCsv } from './figures.js';
import { reportData } from './read-run.js';
import { renderReport } from './render.js';
import { renderComparison } from './render-comparison.js';

/**
 * Writes the report of a run from the files of its folder, and returns the page's path. The figures of an evaluated or judged run lie
 * as CSV beside the page; the figures of a training alone are in its `metrics.jsonl`.
 *
 * @param path of the page, ending in `.html`; default `report.html` of the folder
 * @throws DpoError the errors of `reportData`; file errors
 */
export async function writeReport(folder: string, path = join(folder, 'report.html')): Promise<string> {
  const data = await reportData(folder);
  return writePage(path, renderReport(data), [data], pairsCsv(data));
}

/**
 * Writes a page that compares several runs, with their figures as CSV beside it, and returns its path. Runs of the same name are
 * called by their whole paths. Nothing is written into the runs.
 *
 * @param path of the page, ending in `.html`
 * @throws DpoError the errors of `reportData`; file errors
 */
export async function writeComparison(folders: readonly string[], path: string): Promise<string> {
  const runs: ReportData[] = [];
  for (const folder of folders) runs.push(await reportData(folder));
  const names = folders.map((folder) => basename(resolve(folder)));
  const titledRuns = runs.map((run, i) => {
    const isUnique = names.filter((name) => name === names[i]).length === 1;
    return { ...run, title: (isUnique ? names[i] : folders[i]) as string };
  });
  return writePage(path, renderComparison(titledRuns), titledRuns, undefined);
}

/** Writes the page last, so that a page always has its tables. */
async function writePage(
  path: string,
  page: string,
  runs: readonly ReportData[],
  pairs: string | undefined,
): Promise<string> {
  const base = path.replace(/\.html$/, '');
  const hasFigures = runs.some(({ evaluation, winRate }) => evaluation !== undefined || winRate !== undefined);
  if (hasFigures || runs.length > 1) await writeText(`${base}.csv`, figuresCsv(runs));
  if (pairs !== undefined) await writeText(`${base}-pairs.csv`, pairs);
  await writeText(path, page);
  return path;
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, (file) => writeFile(file, text));
}
