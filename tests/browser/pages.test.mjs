import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { axe, browser, folder, kinds, onDisk, overflow, pages, serve, survey, tab } from './lib/site.mjs';

const root = folder('SITE_REAL');
const runs = pages(root).filter((page) => /^runs\/\d/.test(page));
const run = runs[0];
// The one that was imported: its long capture is a file of fifty samples.
const imported = runs.find((page) =>
  readFileSync(`${root}/${page}`, 'utf8').includes('id="c-bench-curl-3012-txt-L45"'));
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

/** Visits pages in one tab and hands each to `look`. */
async function visit(base, names, options, look) {
  const { page, complaints, close } = await tab(chromium, base, options);
  for (const name of names) {
    await page.goto(base + name);
    await look(page, name);
  }
  await close();
  return complaints;
}

for (const place of ['from disk', 'under /repo/']) {
  const base = () => (place === 'from disk' ? onDisk(root) : server.base);

  describe(`all pages ${place}`, () => {
    test('load without a complaint, and lead only to what exists', async () => {
      const surveys = new Map();
      const complaints = await visit(base(), pages(root), {}, async (page, name) => {
        surveys.set(name, await survey(page));
      });
      // The page for what is not there is made for the server: on disk its way to the root is not
      // that of the site.
      const isServers = (name) => place === 'from disk' && name === '404.html';
      const expected = (line) =>
        place === 'from disk' && (line.includes('file:///repo/') || /^console: .*ERR_FILE_NOT_FOUND/.test(line));
      assert.deepEqual(complaints.filter((line) => !expected(line)), []);
      for (const [name, seen] of surveys) {
        assert.deepEqual(seen.duplicates, [], `${name}: ids that stand twice`);
        assert.deepEqual(seen.violations, [], `${name}: violations of the content security policy`);
        assert.deepEqual(seen.attributes, [], `${name}: style or event attributes`);
        assert.equal(seen.scripts, 0, `${name}: scripts, styles, frames or forms`);
        if (isServers(name)) continue;
        for (const { raw, url } of seen.links) {
          assert.ok(url.startsWith(base()) || /^(https?|mailto):/.test(raw), `${name}: ${raw} leaves the site`);
          if (!url.startsWith(base())) continue;
          const [path, fragment] = url.slice(base().length).split('#');
          const target = surveys.get(decodeURIComponent(path));
          const file = new URL(decodeURIComponent(path), onDisk(root));
          assert.ok(target || existsSync(fileURLToPath(file)), `${name}: ${raw} leads nowhere`);
          if (fragment) assert.ok(target.ids.includes(decodeURIComponent(fragment)), `${name}: no place ${raw}`);
        }
      }
    });

    test('have one heading of the first level and skip no level', async () => {
      await visit(base(), pages(root), {}, async (page, name) => {
        const { headings } = await survey(page);
        assert.equal(headings.filter((level) => level === 1).length, 1, `${name}: h1`);
        assert.equal(headings[0], 1, `${name}: begins with h${headings[0]}`);
        headings.forEach((level, index) => {
          assert.ok(index === 0 || level <= headings[index - 1] + 1, `${name}: ${headings.join(' ')}`);
        });
      });
    });
  });
}

for (const colorScheme of ['light', 'dark']) {
  describe(`in the ${colorScheme} theme`, () => {
    for (const width of [320, 768, 1280, 3840]) {
      test(`no page is wider than ${width} px`, async () => {
        const options = { colorScheme, viewport: { width, height: 800 } };
        await visit(server.base, kinds(root), options, async (page, name) => {
          assert.equal(await overflow(page), 0, name);
        });
      });
    }

    for (const width of [390, 1280]) {
      test(`axe finds nothing at ${width} px`, async () => {
        const options = { colorScheme, viewport: { width, height: 800 } };
        await visit(server.base, kinds(root), options, async (page, name) => {
          assert.deepEqual(await axe(page), [], name);
        });
      });
    }

    test('the background is that of the theme', async () => {
      await visit(server.base, ['index.html'], { colorScheme }, async (page) => {
        const colour = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const brightness = colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
        assert.equal(brightness > 380, colorScheme === 'light', colour);
      });
    });
  });
}

/** Where the line that the address names stands, and how it looks beside its neighbour. */
function landed(page) {
  return page.evaluate(() => {
    const line = document.querySelector('.line:target');
    if (!line) return null;
    const box = line.getBoundingClientRect();
    const screen = line.closest('.terminal').getBoundingClientRect();
    const other = [...line.parentElement.children].find((sibling) => sibling !== line);
    const paint = (element) => getComputedStyle(element).backgroundColor;
    return {
      id: line.id,
      text: line.querySelector('code').textContent,
      isInView: box.top >= 0 && box.bottom <= innerHeight,
      isInBox: box.top >= screen.top - 1 && box.bottom <= screen.bottom + 1,
      isMarked: !other || paint(line) !== paint(other),
    };
  });
}

describe('a link to the evidence', () => {
  test('lands on its line, which is in view and marked, from every number of every chapter', async () => {
    const chapters = kinds(root).filter((page) => !page.includes('/') && page !== '404.html');
    let checked = 0;
    await visit(server.base, chapters, {}, async (page, name) => {
      const links = await page.$$eval('main a[href*="#c-"]', (all) =>
        all.map((a) => ({ href: a.href, title: a.title, value: a.closest('.evidence') ? '' : a.textContent.trim() })));
      for (const { href, title, value } of new Map(links.map((link) => [link.href, link])).values()) {
        if (!/-L\d+$/.test(href)) continue;
        await page.goto(href);
        const line = await landed(page);
        assert.ok(line, `${name}: ${href} names no line`);
        assert.ok(line.isInView && line.isInBox, `${name}: ${href} is out of sight`);
        assert.ok(line.isMarked, `${name}: ${href} is not marked`);
        const number = title.match(/, line (\d+)$/)?.[1];
        if (number) assert.equal(line.id.match(/-L(\d+)$/)[1], number, `${name}: ${href}`);
        if (/^\d+$/.test(value) && !title.includes('curl')) {
          assert.ok(line.text.includes(value), `${name}: ${value} does not stand in “${line.text}”`);
        }
        checked += 1;
        await page.goto(server.base + name);
      }
    });
    assert.ok(checked > 10, `only ${checked} links to lines`);
  });

  test('lands on a line deep in a long capture', async () => {
    const { page, close } = await tab(chromium, server.base, { viewport: { width: 390, height: 700 } });
    await page.goto(`${server.base}${imported}#c-bench-curl-3012-txt-L45`);
    const line = await landed(page);
    assert.ok(line?.isInView && line.isInBox && line.isMarked, JSON.stringify(line));
    await close();
  });
});

describe('without a mouse', () => {
  test('the first key leads past the navigation', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}index.html`);
    await page.keyboard.press('Tab');
    const skip = page.locator('.skip');
    assert.ok(await skip.evaluate((link) => link === document.activeElement));
    await page.waitForFunction(() => document.querySelector('.skip').getBoundingClientRect().top >= 0);
    await page.keyboard.press('Enter');
    assert.match(page.url(), /#page-main$/);
    await close();
  });

  test('the menu of a phone opens and leads to the chapters', async () => {
    const { page, close } = await tab(chromium, server.base, { viewport: { width: 390, height: 800 } });
    await page.goto(`${server.base}index.html`);
    assert.equal(await page.locator('.side').isVisible(), false);
    const summary = page.locator('.menu > summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    const link = page.locator('.menu').getByRole('link', { name: 'Findings' });
    await link.waitFor({ state: 'visible' });
    await link.click();
    assert.match(page.url(), /findings\.html$/);
    await close();
  });
});

describe('elsewhere', () => {
  test('an unknown address shows the page for it, with its look and its links', async () => {
    const { page, close } = await tab(chromium, server.base);
    const response = await page.goto(`${server.base}some/where/else.html`);
    assert.equal(response.status(), 404);
    assert.match(await page.locator('h1').textContent(), /Not found/);
    const display = await page.locator('.frame').evaluate((frame) => getComputedStyle(frame).display);
    assert.equal(display, 'grid', 'the style sheet was not found');
    await page.locator('main a').first().click();
    assert.equal(page.url(), `${server.base}index.html`);
    await close();
  });

  test('paper gets the whole evidence and no navigation', async () => {
    const { page, close } = await tab(chromium, server.base);
    for (const name of kinds(root)) {
      await page.goto(server.base + name);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const shown = await page.evaluate(() => ({
        navigation: [...document.querySelectorAll('nav')].filter((nav) => nav.checkVisibility()).length,
        cut: [...document.querySelectorAll('.terminal')].filter((pre) => pre.scrollHeight > pre.clientHeight + 1).length,
        ink: getComputedStyle(document.body).color,
      }));
      assert.deepEqual(shown, { navigation: 0, cut: 0, ink: 'rgb(0, 0, 0)' }, name);
      const pdf = await page.pdf({ format: 'A4' });
      assert.ok(pdf.length > 2000, name);
    }
    await close();
  });

  test('nothing moves after the page is shown', async () => {
    const { page, close } = await tab(chromium, server.base);
    for (const name of ['index.html', run]) {
      await page.goto(server.base + name);
      const shift = await page.evaluate(() => new Promise((done) => {
        let sum = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
          .observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => done(sum), 300);
      }));
      assert.ok(shift < 0.02, `${name}: ${shift}`);
    }
    await close();
  });

  test('every value in the table of a run leads to the line it was read from', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(server.base + run);
    const stray = await page.$$eval('#run-facts ~ .table td', (cells) =>
      cells.slice().filter((cell) => /\d/.test(cell.textContent) && !cell.querySelector('a, .missing')).map((cell) => cell.textContent));
    assert.deepEqual(stray, []);
    await close();
  });
});

test('links between pages are relative', () => {
  for (const name of pages(root).filter((name) => name !== '404.html')) {
    const html = readFileSync(`${root}/${name}`, 'utf8');
    const absolute = [...html.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map((match) => match[1]);
    assert.deepEqual(absolute, [], name);
  }
});
