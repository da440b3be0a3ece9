// What the pages can do with a script and do well without: the choice of a theme, a search, sorted
// tables, buttons that copy. Nothing is loaded from elsewhere.
(() => {
  'use strict';
  const root = document.documentElement;
  const site = new URL('.', document.currentScript.src);
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // Theme: at once, so that no page is shown in the other one first.
  const THEMES = ['auto', 'light', 'dark'];
  const stored = () => {
    try {
      return localStorage.getItem('isoproof-theme');
    } catch {
      return null;
    }
  };
  const paint = (theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  paint(stored());

  function themeSwitch(button) {
    const label = () => {
      const theme = root.dataset.theme ?? 'auto';
      button.textContent = { auto: 'Theme: auto', light: 'Theme: light', dark: 'Theme: dark' }[theme];
    };
    button.addEventListener('click', () => {
      const now = THEMES.indexOf(root.dataset.theme ?? 'auto');
      const next = THEMES[(now + 1) % THEMES.length];
      paint(next);
      try {
        localStorage.setItem('isoproof-theme', next);
      } catch {
        // The choice then holds for this page.
      }
      label();
    });
    label();
    button.hidden = false;
  }

  // Search: the index is a script of its own, loaded when it is first needed, because that is
  // what a page opened from disk can load.
  let index;
  function load() {
    index ??= new Promise((done, failed) => {
      const script = element('script', { src: new URL('search-index.js', site).href });
      script.onload = () => done(prepare(window.isoproofIndex));
      script.onerror = failed;
      document.head.append(script);
    });
    return index;
  }

  function prepare({ groups, pages, sections, words, texts }) {
    const titled = [];
    for (const [title, href] of pages) titled.push({ title, beside: '', kind: 'Chapter', href });
    for (const [title, href] of sections) {
      const page = pages.find(([, start]) => href.startsWith(`${start}#`));
      titled.push({ title, beside: page ? page[0] : '', kind: 'Section', href });
    }
    for (const { kind, base, items } of groups) {
      for (const [title, beside, end] of items) titled.push({ title, beside, kind, href: base + end });
    }
    for (const item of titled) item.text = `${item.title} ${item.beside}`.toLowerCase();
    const postings = words.split(';').filter(Boolean).map((line) => {
      const [word, ...steps] = line.split(' ');
      let page = 0;
      return [word, steps.map((step) => (page += parseInt(step, 36)))];
    });
    return { titled, pages, postings, texts: new Map(texts) };
  }

  // Scripts without spaces between words are found by pairs of letters, as the index has them.
  const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
  function pieces(word) {
    const letters = [...word];
    if (!UNSPACED.test(word) || letters.length < 2) return [word];
    return letters.slice(1).map((letter, index) => letters[index] + letter);
  }

  // Whether one letter more, less, another or in the wrong order makes one word of the other.
  function isTypo(a, b) {
    if (Math.abs(a.length - b.length) > 1) return false;
    let from = 0;
    while (from < a.length && a[from] === b[from]) from += 1;
    const restA = a.slice(from);
    const restB = b.slice(from);
    return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1)
      || (restA.length > 1 && restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2));
  }

  /** The query with each word that the site does not have replaced by one that it has, or nothing. */
  function correct({ titled, postings }, query) {
    const known = new Set(postings.map(([word]) => word));
    for (const { text } of titled) for (const word of text.split(/[^\p{L}\p{N}]+/u)) known.add(word);
    const all = [...known].filter((word) => word.length > 2).sort();
    const words = query.toLowerCase().split(/\s+/).filter(Boolean).map((word) =>
      all.some((other) => other.startsWith(word)) ? word : word.length > 3 && all.find((other) => isTypo(word, other)));
    return words.every(Boolean) ? words.join(' ') : '';
  }

  /** What stands around the first of some words in a text, as nodes with the words marked. */
  function excerpt(text, words) {
    const lower = text.toLowerCase();
    const places = words.map((word) => [lower.indexOf(word), word.length]).filter(([at]) => at >= 0).sort((a, b) => a[0] - b[0]);
    if (!places.length) return ['in the text'];
    const start = text.lastIndexOf(' ', Math.max(0, places[0][0] - 50)) + 1;
    const end = places[0][0] + 110;
    const nodes = [start ? '…' : ''];
    let from = start;
    for (const [at, length] of places) {
      if (at < from || at + length > end) continue;
      nodes.push(text.slice(from, at), element('mark', { textContent: text.slice(at, at + length) }));
      from = at + length;
    }
    return [...nodes, text.slice(from, end), '…'];
  }

  const LIMIT = 40;
  function find({ titled, pages, postings, texts: bodies }, query) {
    const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (!terms.length) return [];
    const score = ({ text, title }) => {
      let sum = 0;
      for (const term of terms) {
        const at = text.indexOf(term);
        if (at < 0) return 0;
        const opensWord = at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1]);
        sum += (opensWord ? 4 : 1) + (at < title.length ? 2 : 0);
      }
      return sum + (title.toLowerCase() === query.toLowerCase() ? 5 : 0);
    };
    const byTitle = titled
      .map((item, order) => ({ item, order, score: score(item) }))
      .filter((hit) => hit.score > 0)
      .sort((a, b) => b.score - a.score || a.order - b.order)
      .map((hit) => hit.item);
    const words = terms.flatMap((term) => term.split(/[^\p{L}\p{N}]+/u)).flatMap(pieces).filter((word) => word.length > 1);
    let texts = words.length ? null : new Set();
    for (const word of words) {
      const here = new Set(postings.filter(([other]) => other.startsWith(word)).flatMap(([, on]) => on));
      texts = texts ? new Set([...texts].filter((page) => here.has(page))) : here;
    }
    const byText = [...texts].sort((a, b) => a - b)
      .map((page) => ({ title: pages[page][0], beside: excerpt(bodies.get(pages[page][1]) ?? '', words), kind: 'Chapter', href: pages[page][1] }))
      .filter((item) => !byTitle.some((other) => other.href === item.href));
    return [...byTitle.slice(0, LIMIT - Math.min(byText.length, 8)), ...byText].slice(0, LIMIT);
  }

  function search(button) {
    const input = element('input', { type: 'search', id: 'search-words', autocomplete: 'off', spellcheck: false });
    input.setAttribute('aria-describedby', 'search-status');
    const label = element('label', { htmlFor: 'search-words', textContent: 'Search chapters, facts, findings and evidence' });
    const status = element('p', { id: 'search-status', className: 'hint' });
    status.setAttribute('role', 'status');
    const list = element('ul', { className: 'results' });
    const close = element('button', { type: 'button', textContent: 'Close', className: 'control' });
    const dialog = element('dialog', { className: 'search' }, element('div', { className: 'search-head' }, label, close), input, status, list);
    dialog.setAttribute('aria-label', 'Search');
    document.body.append(dialog);

    const show = async () => {
      try {
        const index = await load();
        let hits = find(index, input.value.trim());
        const meant = hits.length ? '' : correct(index, input.value.trim());
        if (meant) hits = find(index, meant);
        list.replaceChildren(...hits.map(({ title, beside, kind, href }) => {
          const link = element('a', { href: new URL(href, site).href },
            element('span', { className: 'tag note', textContent: kind }), ' ',
            element('strong', { textContent: title }), ' ',
            element('span', { className: 'aside' }, ...[beside].flat()));
          return element('li', {}, link);
        }));
        const count = hits.length === LIMIT ? `The first ${LIMIT} results` : `${hits.length} result${hits.length === 1 ? '' : 's'}`;
        status.textContent = input.value.trim() ? `${count}${meant ? ` for “${meant}”` : ''}` : 'Type to search; arrow keys move, Enter opens.';
      } catch {
        status.textContent = 'The search index could not be loaded.';
      }
    };
    const open = () => {
      if (!dialog.open) dialog.showModal();
      input.select();
      show();
    };
    button.addEventListener('click', open);
    close.addEventListener('click', () => dialog.close());
    input.addEventListener('input', show);
    list.addEventListener('click', (event) => {
      if (event.target.closest('a')) dialog.close();
    });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener('keydown', (event) => {
      const links = [...list.querySelectorAll('a')];
      const here = links.indexOf(document.activeElement);
      if (event.key === 'ArrowDown' && here < links.length - 1) links[here + 1].focus();
      else if (event.key === 'ArrowUp' && here >= 0) (links[here - 1] ?? input).focus();
      else if (event.key === 'Enter' && event.target === input) links[0]?.click();
      else return;
      event.preventDefault();
    });
    document.addEventListener('keydown', (event) => {
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '');
      const wants = event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (wants || (event.key === 'k' && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        open();
      }
    });
    button.hidden = false;
  }

  // Tables: a click on the head of a column sorts by it.
  const UNITS = { ms: 1e-3, 'µs': 1e-6, MiB: 1048576, GiB: 1073741824, KiB: 1024 };
  function measure(text) {
    const found = /^\s*[≥≤<>~]?\s*(-?\d+(?:\.\d+)?)\s*(ms|µs|[KMG]iB)?/u.exec(text);
    return found ? Number(found[1]) * (UNITS[found[2]] ?? 1) : NaN;
  }
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  function sortable(table) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 3) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = element('button', { type: 'button', className: 'sort' }, ...head.childNodes);
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const up = head.getAttribute('aria-sort') !== 'ascending';
        for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const key = (row) => row.cells[column]?.textContent.trim() ?? '';
        const rows = [...body.rows].map((row) => ({ row, text: key(row), number: measure(key(row)) }));
        rows.sort((a, b) => {
          const areNumbers = !Number.isNaN(a.number) && !Number.isNaN(b.number);
          return (areNumbers ? a.number - b.number : collator.compare(a.text, b.text)) * (up ? 1 : -1);
        });
        body.append(...rows.map(({ row }) => row));
      });
    });
  }

  // Evidence: copy what was captured, without line numbers.
  function copyable(figure) {
    const lines = figure.querySelectorAll('.terminal:not(.errors) code');
    const caption = figure.querySelector('figcaption');
    if (!lines.length || !caption || !navigator.clipboard) return;
    const button = element('button', { type: 'button', className: 'copy', textContent: 'Copy' });
    button.setAttribute('aria-label', 'Copy this output');
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText([...lines].map((line) => line.textContent).join('\n') + '\n');
        button.textContent = 'Copied';
      } catch {
        button.textContent = 'Not copied';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    caption.append(button);
  }

  // A link to what is folded away opens the folds, where the browser does not do it itself.
  function reveal() {
    const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    const figure = place.closest('.evidence');
    if (figure) figure.hidden = false;
    const own = place.matches('.evidence') ? place.querySelector('details') : null;
    for (let fold = own ?? place.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
    place.scrollIntoView({ block: own ? 'start' : 'center' });
  }

  // Captures: only those in which some words stand, opened where they are few.
  function filter(control) {
    const input = control.querySelector('input');
    const status = control.querySelector('[role="status"]');
    const figures = [...document.querySelectorAll('.evidence')].map((figure) => [figure, figure.textContent.toLowerCase()]);
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = figures.filter(([figure, text]) => {
        figure.hidden = !words.every((word) => text.includes(word));
        return !figure.hidden;
      });
      for (const [figure] of shown) figure.querySelector('details').open = words.length > 0 && shown.length <= 10;
      status.textContent = words.length ? `${shown.length} of ${figures.length}` : '';
    });
    control.hidden = false;
  }

  document.addEventListener('DOMContentLoaded', () => {
    const control = (name) => document.querySelector(`[data-control="${name}"]`);
    if (control('theme')) themeSwitch(control('theme'));
    if (control('search')) search(control('search'));
    if (control('filter')) filter(control('filter'));
    document.querySelectorAll('table[data-sortable]').forEach(sortable);
    document.querySelectorAll('.evidence').forEach(copyable);
    reveal();
    addEventListener('hashchange', reveal);
  });
})();
