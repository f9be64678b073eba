// The entry points of base, engine, models, core and data load in browsers, and train there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryFiles } from '@dpo/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowsers } from './bundle.mjs';
import { findChromium, openPage } from './chromium.mjs';
import { threeSteps } from './three-steps.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

let folder;
beforeAll(async () => {
  // Inside of node_modules, so that the packages' names are found from the folder.
  folder = await mkdtemp(join(here('.'), 'node_modules', '.bundles-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bundles a program of these lines. */
async function bundleOf(name, ...lines) {
  const entry = join(folder, `${name}.mjs`);
  await writeFile(entry, lines.join('\n'));
  return bundleForBrowsers(entry);
}

describe('entry points for browsers', () => {
  it.each(['base', 'base/packing', 'engine', 'models', 'core', 'data'])(
    '@dpo/%s brings no module of Node',
    async (name) => {
      const { modules } = await bundleOf(name.replace('/', '-'), `export * from '@dpo/${name}';`);
      const ours = modules.filter((path) => path.startsWith('packages/'));
      expect(ours.length).toBeGreaterThan(3);
      expect(ours.filter((path) => /koffi|\/tensorflow\//.test(path))).toEqual([]);
    },
  );

  it('a module of Node that creeps in is named, with the file that brings it', async () => {
    await expect(bundleOf('files', "export { writeFileAtomic } from '@dpo/base/files';")).rejects.toThrow(
      /packages\/base\/src\/files\/atomic\.ts imports node:fs/,
    );
  });
});

const chromium = findChromium();

it.skipIf(chromium === undefined)(
  `a page in Chromium trains three steps to the losses of Node, also when it is loaded anew after two${chromium === undefined ? ' (left out: there is no Chromium here)' : ''}`,
  async () => {
    const { code } = await bundleForBrowsers(here('page.mjs'));
    let report;
    const outcomeOfPage = new Promise((resolve) => {
      report = resolve;
    });
    const server = createServer(async (request, response) => {
      if (request.url === '/page.js') return void response.setHeader('content-type', 'text/javascript').end(code);
      if (request.url !== '/outcome')
        return void response
          .setHeader('content-type', 'text/html')
          .end('<script type="module" src="/page.js"></script>');
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end();
      report(JSON.parse(body));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await openPage(chromium, `http://127.0.0.1:${server.address().port}/`);
    try {
      const [outcome, expected] = await Promise.all([
        Promise.race([outcomeOfPage, page.ended]),
        threeSteps(memoryFiles()),
      ]);
      expect(outcome).toMatchObject({ engine: 'cpu', losses: expect.any(Array) });
      expect(expected.losses[0]).toBeCloseTo(Math.LN2, 6);
      expect(expected.losses[2]).toBeLessThan(expected.losses[0]);
      for (const key of ['losses', 'margins', 'norms']) {
        // In the same browser the numbers are equal, bit for bit.
        expect(outcome.resumed[key]).toEqual([outcome[key][2]]);
        expect(outcome[key].length).toBe(3);
        // Two versions of V8 may round exp and log differently.
        for (const [k, value] of outcome[key].entries()) expect(value).toBeCloseTo(expected[key][k], 5);
      }
    } finally {
      await page.close();
      server.close();
      server.closeAllConnections();
    }
  },
  180_000,
);
