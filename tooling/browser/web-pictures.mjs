// Pictures of the page that trains, for docs/web.md: `node tooling/browser/web-pictures.mjs docs/images`, with a Chromium installed.
// Writes web-desktop.png (light) and web-phone.png (dark); with a second argument `all`, both sizes in both schemes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { openBrowser } from './devtools.mjs';
import { doing, servePage } from './web-page.mjs';

const sizes = { desktop: { width: 1400, height: 900 }, phone: { width: 390, height: 844, mobile: true } };
const [folder = '.', which] = process.argv.slice(2);
const chromium = findChromium();
if (chromium === undefined) throw new Error('There is no Chromium here.');
const scratch = await mkdtemp(join(tmpdir(), 'dpo-web-pictures-'));
const site = await servePage(join(scratch, 'site'));
const browser = await openBrowser(chromium);
try {
  const page = await browser.open(site.url, sizes.desktop);
  await page.until("!document.getElementById('train').disabled", 60);
  await page.evaluate("document.getElementById('train').click()");
  await page.until(`${doing}.startsWith('Done')`, 300);
  for (const [size, box] of Object.entries(sizes))
    for (const scheme of ['light', 'dark']) {
      if (which !== 'all' && (size === 'desktop') === (scheme === 'dark')) continue;
      await page.resize(box);
      await page.scheme(scheme);
      const name = which === 'all' ? `web-${size}-${scheme}.png` : `web-${size}.png`;
      await writeFile(join(folder, name), await page.picture({ whole: true }));
    }
} finally {
  await browser.close();
  site.close();
  await rm(scratch, { recursive: true, force: true });
}
