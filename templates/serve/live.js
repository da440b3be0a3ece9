// Only while the site is being served for its author: reloads the page when the site was built
// again, and shows why a build failed.
(() => {
  'use strict';
  const { src, dataset } = document.currentScript;
  const site = Number(dataset.site);

  function show(error) {
    document.getElementById('build-error')?.remove();
    if (!error) return;
    const box = document.createElement('section');
    box.id = 'build-error';
    box.className = 'build-error';
    box.setAttribute('role', 'alert');
    const title = document.createElement('h2');
    title.textContent = 'The last build failed; this is the site before it';
    const text = document.createElement('pre');
    text.tabIndex = 0;
    text.textContent = error;
    box.append(title, text);
    document.body.prepend(box);
  }

  async function listen(seen) {
    for (;;) {
      try {
        const state = await (await fetch(new URL(`state?since=${seen}`, src), { cache: 'no-store' })).json();
        if (state.site !== site) return location.reload();
        if (state.build !== seen) show(state.error);
        seen = state.build;
      } catch {
        await new Promise((done) => setTimeout(done, 1500));
      }
    }
  }
  addEventListener('DOMContentLoaded', () => listen(site));
})();
