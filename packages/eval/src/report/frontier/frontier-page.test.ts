import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { frontierOf } from '../../frontier/frontier.js';
import { bestOfNPoint, measurePoints } from '../../frontier/measure-points.js';
import { evidence } from '../../frontier/points-for-tests.js';
import { renderFrontier } from './render-frontier.js';
import { writeFrontier } from './write-frontier.js';

const start = evidence({ kind: 'start', method: 'Start', step: 0 }, [0.1, 0.2], [0, 0]);
const twice = { ...start, samples: start.samples.flatMap((sample) => [sample, { ...sample, reward: 0.5 }]) };
const hostile = evidence({ method: 'RLOO-GT', setting: 'β 0.05', step: 30 }, [0.7, 0.8], [4, 5]);
const frontier = frontierOf(
  [
    ...measurePoints([
      start,
      evidence({ method: 'DPO', setting: 'β 0.1', step: 11 }, [0.3, 0.5], [1, 2]),
      evidence({ method: 'DPO', setting: 'β 0.1', step: 22 }, [0.5, 0.6], [3, 3]),
      {
        ...hostile,
        samples: hostile.samples.map((sample) => ({ ...sample, text: '<script>alert(1)</script>&', learned: 1.5 })),
      },
    ]),
    bestOfNPoint(twice, 2),
  ],
  { draws: 50 },
);
const report = {
  frontier,
  recipe: { reward: 'vader', prompts: ['a'] },
  prompts: ['The film', '"The plot"'],
  complete: true,
};

it('has every mark, its errors, its answers and its figures in the page, without scripts and without a network', () => {
  const html = renderFrontier(report);
  expect(html).toContain("default-src 'none'; style-src 'unsafe-inline'");
  expect(html).not.toMatch(/<script|javascript:|\son[a-z]+=|https?:|<link|<img|@import/i);
  const marks = [...html.matchAll(/<a class="mark-link" href="#point-(\d)" id="mark-(\d)">/g)];
  expect(marks.map(([, to, own]) => [to, own])).toEqual([0, 1, 2, 3, 4].map((i) => [`${i}`, `${i}`]));
  for (let i = 0; i < 5; i++) expect(html).toContain(`<div id="point-${i}">`);
  // Each of the 5 marks has a line for the reward. DPO's first point and RLOO's point, whose KLs differ, have a line for the KL as well.
  expect(html.match(/class="error"/g)?.length).toBe(7);
  expect(html).toContain('RLOO-GT, β 0.05, after 30 updates');
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&amp;');
  expect(html).toContain('&quot;The plot&quot;');
  expect(html).not.toContain('is not finished');
  expect(html).toContain('<polyline class="front"');
  // Both of DPO's checkpoints are joined.
  expect(html.match(/<polyline class="thin"/g)?.length).toBe(1);
});

it('gives each method a colour and a shape, and shows a point while the pointer is on its mark', () => {
  const html = renderFrontier({ ...report, complete: false });
  const keys = [
    ...html.matchAll(/<span class="method ([\w-]+)"><svg[^>]*><path class="mark"[^>]* d="([^"]+)"\/><\/svg>([^<]+)</g),
  ];
  expect(keys.map(([, , , name]) => name)).toEqual(['DPO', 'RLOO-GT', 'Start', 'Best of N']);
  expect(new Set(keys.map(([, colour, shape]) => `${colour} ${shape}`)).size).toBe(4);
  expect(html).toContain('main:has(#mark-4:hover) .peek-4');
  expect(html).toContain('is not finished');
});

it('draws far points at the right edge, and says so', () => {
  const far = evidence({ method: 'Unlikelihood', step: 22 }, [-0.1, -0.2], [90, 110]);
  const all = measurePoints([
    start,
    ...[1, 2, 3, 4].map((kl) => evidence({ method: 'DPO', step: kl }, [kl, kl], [kl, kl])),
    far,
  ]);
  const html = renderFrontier({ ...report, frontier: frontierOf(all, { draws: 20 }) });
  expect(html).toContain('at the right edge 1 point that lies further out');
  // The axis ends with the near points.
  expect([...html.matchAll(/class="tick"[^>]*text-anchor="middle">([^<]*)</g)].map(([, tick]) => Number(tick))).toEqual(
    [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4],
  );
  expect(html).toContain('<path class="mark" fill-rule="evenodd" transform="translate(744 ');
});

it('is written beside its table and its figures', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-frontier-page-'));
  try {
    expect(await writeFrontier(folder, report)).toBe(join(folder, 'frontier.html'));
    expect((await readdir(folder)).sort()).toEqual(['frontier.csv', 'frontier.html', 'frontier.json']);
    const [head, ...rows] = (await readFile(join(folder, 'frontier.csv'), 'utf8')).trimEnd().split('\n');
    expect(head).toMatch(/^method,setting,seed,step,reward,reward_error,kl,kl_error,kl_kind,/);
    expect(rows.length).toBe(5);
    expect(rows[2]).toMatch(/^DPO,β 0.1,0,22,0.55,/);
    const json = JSON.parse(await readFile(join(folder, 'frontier.json'), 'utf8')) as Record<string, unknown[]>;
    expect(json).toMatchObject({ version: 1, complete: true, seeds: [0], draws: 50 });
    expect(json.points?.length).toBe(5);
    expect(json.says?.length).toBeGreaterThan(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
