// A person judges 30 pairs in Chromium by keyboard alone, takes votes back, and goes on after the program was killed.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programFromSources, startProgram } from '../../apps/cli/src/_program-for-tests.ts';
import { findChromium } from './chromium.mjs';
import { openBrowser } from './devtools.mjs';

const chromium = findChromium();
const PLANNED = 27; // three of them return
const ITEMS = 30;
/** A text that an answer may hold, and that must not run. */
const SCRIPT = '<script>document.title = "run"</script><img src=x onerror="document.title = 1">\n\ttwo  blanks';

let folder;
let script;
let browser;
const programs = [];
const at = (name) => join(folder, name);

beforeAll(async () => {
  if (chromium === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'dpo-rate-'));
  script = await programFromSources(at('program'));
  const answers = (side) =>
    Array.from({ length: 40 }, (_, i) => ({
      prompt_id: `p${i}`,
      prompt: `Prompt ${i}`,
      text: `${side} ${i} ${SCRIPT}`,
    }));
  for (const side of ['ours', 'theirs'])
    await writeFile(
      at(`${side}.jsonl`),
      answers(side)
        .map((each) => `${JSON.stringify(each)}\n`)
        .join(''),
    );
  browser = await openBrowser(chromium);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  for (const { child } of programs) child.kill('SIGKILL');
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Starts the command and opens the address that it prints. */
async function begin(output, ...more) {
  const sides = ['--answers', at('ours.jsonl'), '--against', at('theirs.jsonl')];
  const program = startProgram(script, [
    'eval',
    'winrate',
    ...sides,
    '--judge',
    'human',
    '--output',
    at(output),
    ...more,
  ]);
  programs.push(program);
  await program.says('anna: http');
  return { program, url: /anna: (http\S+)/.exec(program.notes())[1] };
}

const count = "document.getElementById('count').textContent";
const leftText = "document.getElementById('left').textContent";
const pairNumber = async (page) => Number(/^Pair (\d+) of 30$/.exec(await page.evaluate(count))?.[1]);
const reaches = (page, pair) => page.until(`${count} === 'Pair ${pair} of ${ITEMS}'`);
const votes = async (output) =>
  (await readFile(at(`${output}/votes.jsonl`), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** The key that prefers the model, on whichever side its answer is. */
const keyForOurs = async (page) => ((await page.evaluate(leftText)).startsWith('ours') ? 'a' : 'b');

const missing = chromium === undefined ? ' (left out: there is no Chromium here)' : '';
describe.skipIf(chromium === undefined)(`the raters’ page in Chromium${missing}`, () => {
  it('takes 30 judgements by keys alone, with comments, undo, a kill in between and a resumption', async () => {
    const args = ['--rater', 'anna', '--planned', String(PLANNED)];
    const { program, url } = await begin('thirty', ...args);
    const page = await browser.open(url);
    await reaches(page, 1);

    // The letters of a comment are no votes.
    await page.press('c');
    for (const letter of 'a bat') await page.press(letter);
    await page.press('Escape');
    await page.press(await keyForOurs(page));
    await reaches(page, 2);
    // A tie that is taken back.
    await page.press('t');
    await reaches(page, 3);
    await page.press('u');
    await reaches(page, 2);
    // Shortcuts of the browser are no votes.
    await page.press('a', 2);
    for (let pair = 2; pair <= 16; pair++) {
      await reaches(page, pair);
      await page.press(pair % 5 === 0 ? 'x' : await keyForOurs(page));
    }
    await reaches(page, 17);
    expect(page.wrong).toEqual([]);
    await page.press(await keyForOurs(page));
    program.child.kill('SIGKILL');
    await program.ended;

    // The page that is still open says that it cannot save, and keeps the pair.
    await page.press('a');
    await page.until("document.getElementById('notice').textContent.startsWith('Not saved')");
    await page.close();

    const savedVotes = (await votes('thirty')).filter(({ vote }) => vote !== 'undo').length - 1;
    expect([16, 17]).toContain(savedVotes); // the last vote may have been on its way
    const again = await begin('thirty', ...args);
    expect(again.url).not.toBe(url);
    const resumed = await browser.open(again.url);
    await reaches(resumed, savedVotes + 1);
    for (let pair = savedVotes + 1; pair <= ITEMS; pair++) {
      await reaches(resumed, pair);
      expect(await resumed.evaluate('document.body.innerText')).not.toMatch(/\.jsonl/); // names are sealed
      await resumed.press(pair % 5 === 0 ? 'x' : await keyForOurs(resumed));
    }
    // All are judged. One vote is taken back before Enter ends the session and shows the names.
    await resumed.until("document.body.innerText.includes('All pairs are judged')");
    await resumed.press('u');
    await reaches(resumed, ITEMS);
    await resumed.press('x');
    await resumed.until("document.body.innerText.includes('All pairs are judged')");
    await resumed.press('Enter');
    await resumed.until("document.body.innerText.includes('Thank you')");
    expect(await resumed.evaluate('document.body.innerText')).toContain(at('ours.jsonl'));
    expect(resumed.wrong).toEqual([]);
    await resumed.close();
    expect(await again.program.ended, again.program.notes()).toEqual({ code: 0, signal: null });

    const lines = await votes('thirty');
    expect(lines.filter(({ vote }) => vote === 'undo').length).toBe(2);
    expect(lines[0]).toMatchObject({ rater: 'anna', comment: 'a bat' });
    expect(lines.at(-1)).toMatchObject({ rater: 'anna', vote: 'done' });
    expect(again.program.notes()).toContain(
      'anna: 24 votes for the model, 0 for the baseline, 0 ties, 6 both bad, 0 skipped',
    );
  }, 120_000);

  it('shows texts as texts, on a phone, in light and dark, and is reached by Tab alone', async () => {
    const { program, url } = await begin('phone', '--rater', 'anna', '--planned', String(PLANNED));
    const page = await browser.open(url, { width: 400, height: 800, mobile: true });
    await reaches(page, 1);
    const text = await page.evaluate(leftText);
    expect(text.slice(text.indexOf('<'))).toBe(SCRIPT);
    expect(await page.evaluate("getComputedStyle(document.getElementById('left')).whiteSpace")).toBe('pre-wrap');
    expect(await page.evaluate("document.querySelectorAll('#left *, #right *, img').length")).toBe(0);
    expect(await page.evaluate('document.title')).toBe('Which answer is better?');

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    const colour = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.scheme('light');
    const light = await colour();
    await page.scheme('dark');
    expect(await colour()).not.toBe(light);
    await page.resize({ width: 1280, height: 800 });
    const boxes = "[...document.querySelectorAll('.answer')].map((each) => each.getBoundingClientRect())";
    const [a, b] = await page.evaluate(`${boxes}.map(({ width, height, top }) => ({ width, height, top }))`);
    expect(a).toEqual(b); // two equal columns

    // Tab goes through all buttons, each with a visible ring, and leaves the disabled one out.
    const reached = [];
    for (let tab = 0; tab < 6; tab++) {
      await page.press('Tab');
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")).toBe(true);
      reached.push(await page.evaluate("document.activeElement.dataset.deed ?? ''"));
    }
    expect(reached).toEqual(['A', 'tie', 'B', 'both_bad', 'skip', 'comment']);
    await page.press('Tab', 8); // Shift: back to Skip
    await page.press('Enter');
    await page.until("document.getElementById('said').textContent.startsWith('Skipped.')");
    expect(await votes('phone')).toMatchObject([{ vote: 'skip' }]);
    expect(await page.evaluate('document.activeElement.id')).toBe('heading'); // where reading begins anew
    expect(await pairNumber(page)).toBeGreaterThan(1);
    expect(page.wrong).toEqual([]);

    program.child.kill('SIGINT');
    expect((await program.ended).code).toBe(130);
    expect(program.notes()).toContain('The rate stays sealed until a rater is done');
    await page.close();
  }, 60_000);
});
