import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axe, browser, folder, kinds, onDisk, overflow, pages, serve, survey, tab } from './lib/site.mjs';

const root = folder('SITE_HOSTILE');
const run = pages(root).find((page) => /^runs\/\d\w+-\w+\.html$/.test(page));
let chromium;
let server;

before(async () => {
  chromium = await browser();
  server = await serve(root);
});

after(async () => {
  await chromium?.close();
  await server?.close();
});

describe('hostile evidence', () => {
  // Once as a browser shows it, once without the policy that would stop a script: the text must
  // be harmless by itself.
  for (const [place, bypassCSP] of [['under /repo/', false], ['from disk', true]]) {
    test(`runs nothing and fetches nothing ${place}${bypassCSP ? ', even without the policy' : ''}`, async () => {
      const base = place === 'from disk' ? onDisk(root) : server.base;
      const { page, complaints, close } = await tab(chromium, base, { bypassCSP });
      for (const name of pages(root)) {
        if (place === 'from disk' && name === '404.html') continue;
        await page.goto(base + name);
        await page.mouse.move(400, 300);
        const seen = await survey(page);
        assert.equal(seen.scripts, 0, `${name}: scripts, styles, frames or forms`);
        assert.deepEqual(seen.attributes, [], `${name}: style or event attributes`);
        assert.deepEqual(seen.duplicates, [], `${name}: ids that stand twice`);
        assert.deepEqual(seen.violations, [], `${name}: violations of the content security policy`);
        for (const { raw, url } of seen.links) {
          assert.doesNotMatch(url, /^(javascript|vbscript|data:text|file:\/\/\/etc)/i, `${name}: ${raw}`);
          if (!url.startsWith(base)) assert.match(url, /^(https?:|mailto:|data:,)/, `${name}: ${raw}`);
        }
        assert.equal(await page.evaluate(() => window.pwned), undefined, name);
      }
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('is shown as the text that it is', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(server.base + run);
    const text = await page.locator('main').innerText();
    for (const piece of [
      '<script>window.pwned=1;alert(1)</script>',
      '{{#include /etc/hostname}}',
      '{% x %}',
      '`````` ``` ` | a | b | **bold** # heading',
      '[click](javascript:window.pwned=1)',
      '<img src=x onerror=window.pwned=1>.txt',
      '\\u{202e}',
    ]) {
      assert.ok(text.includes(piece), `not shown: ${piece}`);
    }
    assert.doesNotMatch(await page.content(), /[\u202A-\u202E\u2066-\u2069\u001b]/, 'control characters');
    assert.match(await page.title(), /<script>/);
    await close();
  });

  test('breaks no page out of its width and no rule of axe', async () => {
    for (const [width, colorScheme] of [[320, 'light'], [1280, 'dark']]) {
      const { page, close } = await tab(chromium, server.base, { colorScheme, viewport: { width, height: 800 } });
      for (const name of kinds(root)) {
        await page.goto(server.base + name);
        assert.equal(await overflow(page), 0, `${name} at ${width} px`);
        assert.deepEqual(await axe(page), [], name);
      }
      await close();
    }
  });

  test('can be linked line by line, down to the end of a long capture', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}${run}#c-isolation-long-txt-L400`);
    const line = await page.evaluate(() => {
      const box = document.querySelector('.line:target')?.getBoundingClientRect();
      return box && { isInView: box.top < innerHeight && box.bottom > 0 };
    });
    assert.deepEqual(line, { isInView: true });
    await close();
  });
});
