import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { axe, browser, cutTables, folder, kinds, onDisk, overflow, pages, serve, survey, tab } from './lib/site.mjs';

const root = folder('SITE_REAL');
const records = pages(root).filter((page) => /^runs\/\d+T\d+Z-[0-9a-f]+\//.test(page));
const runs = pages(root).filter((page) => /^runs\/\d+T\d+Z-[0-9a-f]+\.html$/.test(page));
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
    test('load without a complaint, lead only to what exists, and skip no level of headings', async () => {
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
        const { headings } = seen;
        assert.equal(headings.filter((level) => level === 1).length, 1, `${name}: h1`);
        assert.equal(headings[0], 1, `${name}: begins with h${headings[0]}`);
        headings.forEach((level, index) => {
          assert.ok(index === 0 || level <= headings[index - 1] + 1, `${name}: ${headings.join(' ')}`);
        });
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

  });
}

for (const colorScheme of ['light', 'dark']) {
  describe(`in the ${colorScheme} theme`, () => {
    test('no page is wider than its window, and axe finds nothing on it', async () => {
      await visit(server.base, kinds(root), { colorScheme }, async (page, name) => {
        for (const width of [320, 390, 768, 1280, 3840]) {
          await page.setViewportSize({ width, height: 800 });
          assert.equal(await overflow(page), 0, `${name} at ${width} px`);
          // Of the pages of runs, whose many elements are alike, one width is enough.
          const widths = runs.includes(name) ? [1280] : [390, 1280];
          if (widths.includes(width)) assert.deepEqual(await axe(page), [], `${name} at ${width} px`);
        }
      });
    });

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
    const links = new Map();
    await visit(server.base, chapters, {}, async (page, name) => {
      const found = await page.$$eval('main a[href*="#c-"]', (all) =>
        all.map((a) => ({ href: a.href, title: a.dataset.place ?? a.title, value: a.closest('.evidence') ? '' : a.textContent.trim() })));
      for (const { href, ...link } of found.filter(({ href }) => /-L\d+$/.test(href))) {
        links.set(href, [...(links.get(href) ?? []), { name, ...link }]);
      }
    });
    assert.ok(links.size > 10, `only ${links.size} links to lines`);
    // In order, so that a run's page is loaded once, and then led from line to line.
    const hrefs = [...links.keys()].sort().map((href) => href.slice(server.base.length));
    await visit(server.base, hrefs, {}, async (page, href) => {
      const line = await landed(page);
      assert.ok(line, `${href} names no line`);
      assert.ok(line.isInView && line.isInBox, `${href} is out of sight`);
      assert.ok(line.isMarked, `${href} is not marked`);
      for (const { name, title, value } of links.get(server.base + href)) {
        const number = title.match(/, line (\d+)$/)?.[1];
        if (number) assert.equal(line.id.match(/-L(\d+)$/)[1], number, `${name}: ${href}`);
        if (/^\d+$/.test(value) && !title.includes('curl')) {
          assert.ok(line.text.includes(value), `${name}: ${value} does not stand in “${line.text}”`);
        }
      }
    });
  });

  test('can be made to every line, those of error output among them', async () => {
    const { page, close } = await tab(chromium, server.base);
    let failed = 0;
    for (const name of [...runs, ...records]) {
      await page.goto(server.base + name);
      const dead = await page.$$eval('.terminal .line', (lines) => lines
        .filter((line) => !line.id || line.querySelector('a.number')?.hash !== `#${line.id}`).length);
      assert.equal(dead, 0, name);
      failed += await page.locator('.terminal.errors .line').count();
    }
    assert.ok(failed > 0, 'no run has error output');
    await close();
  });

  test('lands on a line deep in a long capture', async () => {
    const { page, close } = await tab(chromium, server.base, { viewport: { width: 390, height: 700 } });
    await page.goto(`${server.base}${imported}#c-bench-curl-3012-txt-L45`);
    const line = await landed(page);
    assert.ok(line?.isInView && line.isInBox && line.isMarked, JSON.stringify(line));
    await close();
  });
});

describe('the overview', () => {
  for (const width of [320, 390, 768, 1024, 1280, 1440, 1920]) {
    test(`shows every runtime with its use at ${width} px, nothing cut`, async () => {
      const { page, close } = await tab(chromium, server.base, { viewport: { width, height: 900 }, javaScriptEnabled: false });
      await page.goto(`${server.base}index.html`);
      const sizes = await page.evaluate(() => {
        const box = document.querySelector('.runtimes');
        const uses = [...box.querySelectorAll('.uses')].map((cell) => cell.getBoundingClientRect());
        return {
          page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          box: box.scrollWidth - box.clientWidth,
          uses: uses.map((use) => use.right - document.documentElement.clientWidth),
        };
      });
      assert.ok(sizes.page <= 0, `the page is ${sizes.page} px too wide`);
      assert.ok(sizes.box <= 1, `the table is ${sizes.box} px too wide for its box`);
      assert.ok(sizes.uses.length > 1 && sizes.uses.every((over) => over <= 0), JSON.stringify(sizes));
      await close();
    });
  }

  test('tells by keyboard why there is no value', async () => {
    const { page, close } = await tab(chromium, 'file:///');
    await page.goto(`${onDisk(folder('SITE_FOUR'))}index.html`);
    const dash = page.locator('.runtimes .no-value').first();
    await page.locator('.runtimes').focus();
    for (let n = 0; n < 60 && !(await dash.evaluate((node) => node === document.activeElement)); n += 1) await page.keyboard.press('Tab');
    const shown = await dash.evaluate((node) => [node.dataset.why, getComputedStyle(node, '::after').content]);
    assert.equal(shown[1], JSON.stringify(shown[0]));
    await close();
  });

  test('leads to the reasons for what no runtime has a value for', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}index.html`);
    assert.equal(await page.locator('.runtimes .no-value').count(), 0);
    await page.locator('.runtimes caption a').click();
    const reasons = page.locator('#not_captured li');
    assert.equal(await reasons.count(), 14);
    // The fold opens when the page has arrived at the place, a moment after the click.
    await reasons.first().waitFor();
    await close();
  });

  for (const [site, runtimes] of [['SITE_REAL', 2], ['SITE_FOUR', 4], ['SITE_EIGHT', 8]]) {
    test(`answers about ${runtimes} runtimes on one screen of 1440 by 900`, async () => {
      const { page, close } = await tab(chromium, 'file:///', { viewport: { width: 1440, height: 900 } });
      await page.goto(`${onDisk(folder(site))}index.html`);
      assert.equal(await page.locator('.runtimes tbody tr').count(), runtimes);
      const ends = await page.$$eval('.answer, .runtimes, .chart.ratios, .sure-and-since', (parts) =>
        parts.map((part) => [part.className, part.getBoundingClientRect().bottom]));
      assert.equal(ends.length, runtimes === 2 ? 3 : 4, 'nothing was compared in the run of two');
      for (const [name, bottom] of ends) assert.ok(bottom <= 900, `${name} ends at ${bottom}`);
      for (const width of [320, 390, 768, 1024, 1280, 1440, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await cutTables(page), [], `${width} px`);
        assert.equal(await overflow(page), 0, `${width} px`);
      }
      await close();
    });
  }

  for (const colorScheme of ['light', 'dark']) {
    test(`raises an alarm where a boundary changed, ${colorScheme}`, async () => {
      const { page, close } = await tab(chromium, 'file:///', { colorScheme, viewport: { width: 1440, height: 900 } });
      await page.goto(`${onDisk(folder('SITE_WEAKER'))}index.html`);
      assert.equal(await page.locator('.alarm').innerText(), 'vm: Separate kernel, virtual machine → Shared kernel.');
      const said = await page.locator('.sure-and-since section:last-child').innerText();
      assert.match(said, /youki, runsc-kvm, firecracker and cloud-hypervisor are in the run before and not in this one\./);
      assert.equal(await page.locator('.strip li').count(), 3);
      assert.equal(await page.locator('.strip .other').count(), 1);
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        const end = await page.locator('.strip').evaluate((strip) => strip.getBoundingClientRect().bottom);
        if (width === 1440) assert.ok(end <= 900, `the strip ends at ${end}`);
        assert.equal(await overflow(page), 0, `${width} px`);
        assert.deepEqual(await axe(page), [], `${width} px`);
      }
      await page.locator('.sure-and-since section:last-child a').first().click();
      assert.match(await page.locator('main').innerText(), /Shared kernel/);
      await close();
    });
  }

  test('leads to the findings that weaken it', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}index.html`);
    await page.locator('.weakest a').click();
    assert.match(page.url(), /findings\.html#finding-\d+$/);
    await close();
  });
});

test('no table of any page is cut, and nothing in one overlaps, at any width', async () => {
  await visit(server.base, kinds(root), { javaScriptEnabled: true }, async (page, name) => {
    for (const width of [320, 390, 768, 1024, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await cutTables(page), [], `${name} at ${width} px`);
    }
  });
});

for (const colorScheme of ['light', 'dark']) {
  test(`a fleet says first where the promise is broken, and fits every window, ${colorScheme}`, async () => {
    const { page, close } = await tab(chromium, 'file:///', { colorScheme });
    const site = onDisk(folder('SITE_FLEET'));
    await page.goto(`${site}index.html`);
    const glance = page.locator('section[aria-labelledby="glance_fleet"]');
    assert.match(await glance.locator('.alarm').first().innerText(), /^On 1 of 4 nodes a class is not what its name says\.$/);
    await glance.locator('a[href^="fleets/"]').click();
    assert.match(await page.locator('main section').first().innerText(), /1 of 4 nodes: kata shares the node’s kernel/);
    await page.locator('summary', { hasText: 'a row each' }).click();
    for (const width of [320, 390, 768, 1024, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await cutTables(page), [], `${width} px`);
      assert.equal(await overflow(page), 0, `${width} px`);
      if ([390, 1440].includes(width)) assert.deepEqual(await axe(page), [], `${width} px`);
    }
    await page.locator('.broken a').first().click();
    assert.match(page.url(), /runs\/\d+T\d+Z-[0-9a-f]+\.html$/);
    await close();
  });
}

test('a comparison that stands alone uses the whole window', async () => {
  const { page, close } = await tab(chromium, 'file:///');
  await page.goto(`file://${process.env.COMPARISON}`);
  for (const width of [320, 390, 768, 1024, 1280, 1440, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    assert.deepEqual(await cutTables(page), [], `${width} px`);
    assert.equal(await overflow(page), 0, `${width} px`);
    const used = await page.locator('main').evaluate((main) => main.getBoundingClientRect().width);
    assert.ok(used > width * 0.8, `${used} of ${width} px`);
  }
  await close();
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
    assert.match(page.url(), /#page_main$/);
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

describe('with its script', () => {
  for (const place of ['from disk', 'under /repo/']) {
    const base = () => (place === 'from disk' ? onDisk(root) : server.base);

    test(`a search finds chapters, facts, findings and evidence ${place}, by keyboard alone`, async () => {
      const { page, complaints, close } = await tab(chromium, base());
      await page.goto(`${base()}rules.html`);
      assert.equal(await page.evaluate(() => typeof window.isoproofIndex), 'undefined', 'loaded before it is needed');
      await page.keyboard.press('/');
      const results = page.locator('.results a');
      for (const [words, title] of [
        ['isolation', 'Isolation'], ['kernel.release', 'Kernel release'], ['HTTP 503', 'HTTP 503'], ['kernel.txt', 'kata/kernel.txt'],
        ['boundary', 'Trade-offs'], ['latency 503', 'health check answered 503'], ['isolatoin', 'Isolation'], ['kernle', 'Kernel'],
      ]) {
        await page.getByLabel('Search chapters').fill(words);
        await results.filter({ hasText: title }).first().waitFor();
      }
      await page.getByLabel('Search chapters').fill('namespace decides');
      await page.locator('.results mark', { hasText: /decides/i }).first().waitFor();
      await page.getByLabel('Search chapters').fill('kata/kernel.txt');
      await results.filter({ hasText: 'kata/kernel.txt' }).first().waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL(/runs\/.*#c-kata-kernel-txt$/);
      assert.equal(await page.locator('#c-kata-kernel-txt').evaluate((figure) => figure.matches(':target')), true);
      assert.deepEqual(complaints, []);
      await close();
    });
  }

  test('a field shows only the captures with some words, and a link opens what is folded', async () => {
    const { page, complaints, close } = await tab(chromium, server.base);
    await page.goto(server.base + records.at(-1));
    const figures = page.locator('.evidence:visible');
    const all = await figures.count();
    await page.getByLabel('Show only captures with').fill('nproc');
    assert.ok(await figures.count() > 0 && await figures.count() < all);
    const line = await page.locator('.terminal .line').last().getAttribute('id');
    await page.goto(`${server.base}${records.at(-1)}#${line}`);
    await page.locator(`#${line}`).waitFor({ state: 'visible' });
    assert.deepEqual(complaints, []);
    await close();
  });

  test('every title in the index leads to a place that exists', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}index.html`);
    await page.addScriptTag({ url: `${server.base}search-index.js` });
    const hrefs = await page.evaluate(() => {
      const { groups, pages, sections } = window.isoproofIndex;
      return [...pages, ...sections].map(([, href]) => href)
        .concat(groups.flatMap(({ base, items }) => items.map(([, , end]) => base + end)));
    });
    assert.ok(hrefs.length > 50, hrefs.length);
    for (const href of hrefs) {
      const [name, place] = href.split('#');
      const html = readFileSync(`${root}/${name}`, 'utf8');
      assert.ok(!place || html.includes(`id="${place}"`), href);
    }
    await close();
  });

  test('the index is at most a twentieth of the pages', () => {
    const html = pages(root).reduce((sum, name) => sum + readFileSync(`${root}/${name}`).length, 0);
    assert.ok(readFileSync(`${root}/search-index.js`).length <= html / 20);
  });

  test('the theme can be chosen, stays chosen, and is there before the page is', async () => {
    const { page, close } = await tab(chromium, server.base, { colorScheme: 'light' });
    const brightness = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor
      .match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0));
    await page.goto(`${server.base}index.html`);
    const button = page.getByRole('button', { name: /^Theme/ });
    await button.click();
    await button.click();
    assert.equal(await button.textContent(), 'Theme: dark');
    assert.ok(await brightness() < 380);
    await page.goto(`${server.base}findings.html`);
    assert.ok(await brightness() < 380);
    assert.deepEqual(await axe(page), []);
    await close();
  });

  test('a table is sorted by its heads', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(server.base + imported);
    const facts = () => page.$$eval('table[data-sortable] tbody th', (links) => links.map((link) => link.textContent.trim()));
    const before = await facts();
    await page.getByRole('button', { name: /^Fact/ }).click();
    const up = await facts();
    assert.deepEqual(up, [...before].sort((a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: 'base' })));
    await page.getByRole('button', { name: /^Fact/ }).click();
    assert.deepEqual(await facts(), up.reverse());
    assert.deepEqual(await axe(page), []);
    await close();
  });

  test('an output can be copied without its line numbers', async () => {
    const { page, close } = await tab(chromium, server.base, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`${server.base}${imported}`);
    await page.locator('#c-kata-kernel-txt').getByRole('button', { name: 'Copy this output' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '6.12.47\n');
    await close();
  });
});

describe('without its script', () => {
  test('nothing is missing: no dead button, and a link into a fold shows its line', async () => {
    const { page, complaints, close } = await tab(chromium, server.base, { javaScriptEnabled: false });
    await page.goto(`${server.base}${imported}#c-bench-curl-3012-txt-L45`);
    assert.equal(await page.getByRole('button').count(), 0);
    const box = await page.locator('#c-bench-curl-3012-txt-L45').boundingBox();
    assert.ok(box && box.y >= 0 && box.y < 720, JSON.stringify(box));
    assert.deepEqual(complaints, []);
    await close();
  });

  test('a number shows the line it was read from when it has the focus', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}isolation.html`);
    const link = page.locator('main a.fact[data-evidence]').first();
    await link.evaluate((element) => element.focus({ focusVisible: true }));
    const shown = await link.evaluate((element) => {
      const { content, position } = getComputedStyle(element, '::after');
      return { content, position, line: element.dataset.evidence, place: element.dataset.place };
    });
    assert.equal(shown.position, 'fixed');
    assert.equal(await overflow(page), 0);
    assert.match(shown.place, /, line \d+$/);
    assert.ok(shown.line.length > 0 && shown.content.includes(shown.place), JSON.stringify(shown));
    await close();
  });
});

describe('other programs', () => {
  test('find the runs as a feed and as data', async () => {
    const { page, close } = await tab(chromium, server.base);
    await page.goto(`${server.base}index.html`);
    assert.equal(await page.locator('link[type="application/atom+xml"]').getAttribute('href'), 'feed.xml');
    const feed = readFileSync(`${root}/feed.xml`, 'utf8');
    await page.goto('about:blank');
    const ids = await page.evaluate((text) => {
      const feed = new DOMParser().parseFromString(text, 'application/xml');
      if (feed.querySelector('parsererror')) return feed.querySelector('parsererror').textContent;
      return [...feed.querySelectorAll('entry')].map((entry) => entry.querySelector('link').getAttribute('href'));
    }, feed);
    assert.deepEqual(ids, [...runs].sort().reverse());
    for (const name of runs) JSON.parse(readFileSync(`${root}/${name.replace(/html$/, 'json')}`, 'utf8'));
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
