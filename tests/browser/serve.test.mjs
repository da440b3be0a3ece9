import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browser, tab } from './lib/site.mjs';

const { PROGRAM, PROJECT } = process.env;
let chromium;
let server;
let base;

before(async () => {
  chromium = await browser();
  server = spawn(PROGRAM, ['serve', '--port', '0', '--project', PROJECT, '--out', join(PROJECT, 'served')]);
  base = await new Promise((done, failed) => {
    server.stdout.once('data', (line) => done(line.toString().trim()));
    server.once('exit', (code) => failed(new Error(`serve ended with ${code}`)));
  });
});

after(async () => {
  await chromium?.close();
  server?.kill();
});

describe('isoproof serve', () => {
  test('reloads an open page when its chapter changes, and shows why a build failed', async () => {
    const chapter = join(PROJECT, 'site/method.md');
    const whole = readFileSync(chapter, 'utf8');
    const { page, complaints, close } = await tab(chromium, base);
    await page.goto(`${base}method.html`);
    writeFileSync(chapter, `${whole}\n\nA sentence that is new.\n`);
    await page.getByText('A sentence that is new.').waitFor();
    writeFileSync(chapter, `${whole}\n\n{{ fact(id="kernel.relase", target="host") }}\n`);
    const error = page.getByRole('alert');
    await error.waitFor();
    assert.match(await error.textContent(), /method\.md.*did you mean `kernel\.release`/s);
    await page.getByText('A sentence that is new.').waitFor();
    await page.goto(`${base}isolation.html`);
    await error.waitFor();
    writeFileSync(chapter, whole);
    await error.waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
    await close();
  });

  test('reloads when a template, a note and the style change', async () => {
    const first = await tab(chromium, base);
    await first.page.goto(`${base}index.html`);
    mkdirSync(join(PROJECT, 'templates/partials'), { recursive: true });
    const pager = '<p id="mine">from a template of the project</p>\n';
    writeFileSync(join(PROJECT, 'templates/partials/pager.html'), pager);
    await first.page.locator('#mine').waitFor();
    await first.close();
    // What was written may be built twice: a page that reloads itself aborts what its tab navigates to.
    const { page, close } = await tab(chromium, base);
    await page.goto(`${base}submission.html`, { waitUntil: 'commit' });
    mkdirSync(join(PROJECT, 'site/notes'), { recursive: true });
    writeFileSync(join(PROJECT, 'site/notes/summary.md'), 'My own words.\n');
    await page.getByText('My own words.').waitFor();
    await close();
  });
});
