// A site under test: its pages, a server for it, and a browser that notices what it should not do.

import { createServer } from 'node:http';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join, normalize, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.svg': 'image/svg+xml', '.js': 'text/javascript', '.json': 'application/json', '.xml': 'application/xml' };

/** The folder that a variable of the environment names. */
export function folder(variable) {
  const path = process.env[variable];
  if (!path || !existsSync(join(path, 'index.html'))) {
    throw new Error(`${variable} must name a built site: start the tests with run.sh`);
  }
  return path;
}

/** The paths of all pages below a folder, sorted. */
export function pages(root) {
  return readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.html'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
}

/** One page of each kind, every chapter among them. */
export function kinds(root) {
  const all = pages(root);
  const first = (prefix) => all.find((page) => page.startsWith(prefix));
  const runs = all.filter((page) => page.startsWith('runs/') && page !== 'runs/index.html');
  const chapters = all.filter((page) => !page.includes('/'));
  return [...new Set([...chapters, 'runs/index.html', ...runs])];
}

/** Serves a folder under /repo/ as GitHub Pages does, its own page for what is not there. */
export async function serve(root) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    const below = path.startsWith('/repo/') ? normalize(path.slice('/repo/'.length)) : '..';
    let file = join(root, below);
    const inside = !relative(root, file).startsWith('..');
    if (inside && existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
    const found = inside && existsSync(file);
    if (!found) file = join(root, '404.html');
    response.writeHead(found ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'text/plain' });
    response.end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    base: `http://127.0.0.1:${server.address().port}/repo/`,
    close: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }),
  };
}

/** The same folder without a server. */
export function onDisk(root) {
  return pathToFileURL(`${root}/`).href;
}

const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

/** A browser that several programs can use, each in tabs of its own. */
export function sharedBrowser() {
  return chromium.launchServer(LAUNCH);
}

/** The shared browser whose address BROWSER is, or one for this program alone. */
export function browser() {
  const { BROWSER } = process.env;
  return BROWSER ? chromium.connect(BROWSER) : chromium.launch(LAUNCH);
}

/** A tab that records whatever a calm page never does. */
export async function tab(browser, base, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
    });
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith('data:')) complaints.push(`request: ${url}`);
  });
  page.on('requestfailed', (request) => {
    // The icon is given up when the tab moves on.
    const { errorText } = request.failure();
    if (errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}: ${errorText}`);
  });
  return { page, complaints, close: () => context.close() };
}

/** What axe finds wrong with the page as it is shown. */
export async function axe(page) {
  await page.evaluate(AXE);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

/** What stands on the page and where it leads. */
export function survey(page) {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll('*')];
    const ids = all.map((element) => element.id).filter(Boolean);
    return {
      ids,
      duplicates: ids.filter((id, index) => ids.indexOf(id) !== index),
      links: [...document.querySelectorAll('a[href], link[href], img[src]')]
        .map((element) => ({ raw: element.getAttribute('href') ?? element.getAttribute('src'), url: element.href || element.src })),
      headings: [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((heading) => Number(heading.tagName[1])),
      attributes: all.flatMap((element) => [...element.attributes])
        .map((attribute) => attribute.name)
        .filter((name) => name === 'style' || name.startsWith('on')),
      // The one script of the site is a file of its own.
      scripts: [...document.querySelectorAll('script, style, iframe, object, embed, form, base')]
        .filter((found) => !(found.localName === 'script' && /(^|\/)(site|search-index)\.js$/.test(found.getAttribute('src') ?? '')
          && !found.textContent)).length,
      violations: window.violations,
    };
  });
}

/** How many pixels the page is wider than its window. */
export function overflow(page) {
  return page.evaluate(() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth);
}

/** What is cut or overlaps in the tables of the page: tables wider than their box, cells narrower than their content. */
export function cutTables(page) {
  return page.evaluate(() => {
    const found = [];
    for (const box of document.querySelectorAll('.table')) {
      if (!box.checkVisibility()) continue;
      const heads = box.querySelector('thead')?.textContent.trim().replace(/\s+/g, ' ').slice(0, 60);
      if (box.scrollWidth > box.clientWidth + 1) found.push(`${heads}: ${box.scrollWidth - box.clientWidth} px too wide for its box`);
      if (box.getBoundingClientRect().right > document.documentElement.clientWidth + 1) found.push(`${heads}: leaves the window`);
      for (const cell of box.querySelectorAll('th, td')) {
        if (!cell.checkVisibility() || cell.closest('.hidden')) continue;
        if (cell.scrollWidth > cell.clientWidth + 2) found.push(`${heads}: “${cell.textContent.trim().slice(0, 40)}” is ${cell.scrollWidth - cell.clientWidth} px too wide for its cell`);
      }
    }
    return found;
  });
}
