// Makes a run out of the one of four runtimes in which its virtual machine shows the host's kernel:
// what was captured under crun stands under vm too.
//
//   node weaker.mjs RUN.json > WEAKER.json

import { readFileSync } from 'node:fs';

const run = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A digest would tell that the record was changed, unless another program made it.
delete run.digest;
Object.assign(run, { id: '20261127T031000Z-99999999', created: '2026-11-27T03:10:00Z', label: 'weaker' });
run.generator.name = 'weaker';
run.captures = run.captures.filter(({ target }) => target !== 'vm');
for (const capture of run.captures.filter(({ target }) => target === 'crun')) {
  run.captures.push({ ...capture, target: 'vm', id: capture.id.replace('crun/', 'vm/') });
}
for (const byTarget of Object.values(run.facts)) {
  delete byTarget.vm;
  if (byTarget.crun) byTarget.vm = JSON.parse(JSON.stringify(byTarget.crun).replaceAll('"capture":"crun/', '"capture":"vm/'));
}
process.stdout.write(JSON.stringify(run));
