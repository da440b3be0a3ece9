// Pictures of the pages that matter most: in both themes, and as wide as a phone.
//
//   node screenshots.mjs SITE OUT

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser, onDisk, pages, tab } from './lib/site.mjs';

const [, , root, out] = process.argv;
const runs = pages(root).filter((page) => /^runs\/\d\w+-\w+\.html$/.test(page));
// The run that the report is about, at its evidence.
const current = readFileSync(join(root, 'index.html'), 'utf8').match(/runs\/(\d\w+-\w+)\.html/)[1];

const SHOTS = {
  overview: 'index.html',
  isolation: 'isolation.html',
  performance: 'performance.html',
  comparison: 'comparison.html',
  'side-by-side': 'targets.html',
  finding: 'findings.html#finding-2',
  run: runs.find((page) => page.includes(current)) ?? runs[0],
};

const FORMS = [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 860 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 860 } }],
  ['phone', { colorScheme: 'light', viewport: { width: 375, height: 780 }, deviceScaleFactor: 1.5 }],
];

const chromium = await browser();
for (const [form, options] of FORMS) {
  const { page, close } = await tab(chromium, onDisk(root), options);
  for (const [name, path] of Object.entries(SHOTS)) {
    await page.goto(onDisk(root) + path);
    await page.screenshot({ path: join(out, `${name}-${form}.png`), animations: 'disabled' });
  }
  await close();
}
await chromium.close();
