// Makes a run of eight runtimes out of the one of four, by copies under other names.
//
//   node eight.mjs RUN.json > EIGHT.json

import { readFileSync } from 'node:fs';

const COPIES = [['crun', 'youki'], ['runsc', 'runsc-kvm'], ['vm', 'firecracker'], ['vm', 'cloud-hypervisor']];

const run = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A digest would tell that the record was changed, unless another program made it.
delete run.digest;
Object.assign(run, { id: '20261127T030000Z-88888888', created: '2026-11-27T03:00:00Z', label: 'eight-runtimes' });
run.generator.name = 'eight';

for (const [from, to] of COPIES) {
  run.targets.push({ ...run.targets.find((target) => target.name === from), name: to });
  for (const capture of run.captures.filter(({ target }) => target === from)) {
    run.captures.push({ ...capture, target: to, id: capture.id.replace(`${from}/`, `${to}/`) });
  }
  for (const byTarget of Object.values(run.facts).filter((targets) => from in targets)) {
    byTarget[to] = JSON.parse(JSON.stringify(byTarget[from]).replaceAll(`"capture":"${from}/`, `"capture":"${to}/`));
  }
}
process.stdout.write(JSON.stringify(run));
