// Writes evidence that attacks whoever looks at it: into every file of the lab, into names of
// files, into the author's notes and into the title of the book.
//
//   node hostile.mjs EVIDENCE PROJECT OUT

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const [, , evidence, project, out] = process.argv;

const PAYLOADS = [
  '<script>window.pwned=1;alert(1)</script>',
  '</code></pre></figure><script>window.pwned=1</script>',
  '<img src=x onerror="window.pwned=1">',
  '<svg onload=window.pwned=1>',
  '"><a href="javascript:window.pwned=1">click</a>',
  "' onmouseover='window.pwned=1",
  '[click](javascript:window.pwned=1) ![x](https://evil.example/x.png)',
  '<style>*{display:none}</style><link rel=stylesheet href=https://evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=https://evil.example/">',
  '`````` ``` ` | a | b | **bold** # heading',
  '{{#include /etc/hostname}} {{ site.title }} {% raw %} {% x %} {# comment #}',
  '\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202Ereversed\u202C \u2066isolated\u2069 \u200Bzero',
  '--> ]]> <!-- <![CDATA[',
];

const files = readdirSync(evidence, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(evidence, join(entry.parentPath ?? entry.path, entry.name)));

for (const file of files) {
  const target = join(out, file);
  mkdirSync(dirname(target), { recursive: true });
  const text = readFileSync(join(evidence, file), 'utf8');
  writeFileSync(target, `${text.trimEnd()}\n${PAYLOADS.join('\n')}\n`);
}

// Where a value stands, so that it comes out as a fact.
const value = '<img src=x onerror=window.pwned=1> `|` \u202Ex';
writeFileSync(join(out, 'kata/cpu.txt'), `model name\t: ${value}\n`);
writeFileSync(
  join(out, 'analysis/cpu-comparison.txt'),
  `=== CPU Model Comparison ===\nHost CPU:\nmodel name\t: Host ${value}\nKata VM CPU:\nmodel name\t: Kata ${value}\n`,
);
writeFileSync(
  join(out, 'analysis/kernel-comparison.txt'),
  `=== Kernel Version Comparison ===\nHost kernel (runc uses this): 6.16.5-arch1-1\nKata guest kernel: Linux version 6.12.47 (x@y) ${PAYLOADS.join(' ')}\n`,
);

const NAMES = [
  '<img src=x onerror=window.pwned=1>.txt',
  '"onmouseover="window.pwned=1.txt',
  "it's `odd` | {{#include x}} {% x %}.txt",
  'a space & an &amp;.txt',
  'ünïcödé-\u202Etxt.exe.txt',
  'javascript:window.pwned=1.txt',
  '#c-kata-cpu-txt-L1.txt',
];
for (const name of NAMES) {
  writeFileSync(join(out, 'isolation', name), `${PAYLOADS.join('\n')}\n`);
}
writeFileSync(
  join(out, 'isolation/long.txt'),
  Array.from({ length: 400 }, (_, n) => `${n + 1} ${'word '.repeat(n % 60)}${'x'.repeat(n)}`).join('\n'),
);

mkdirSync(join(project, 'site/notes'), { recursive: true });
for (const section of ['environment', 'isolation', 'performance', 'trade-offs', 'method']) {
  writeFileSync(
    join(project, `site/notes/${section}.md`),
    `Notes with **bold**.\n\n${PAYLOADS.join('\n\n')}\n\n<div onclick="window.pwned=1">\n\nx\n\n</div>\n`,
  );
}
cpSync(join(dirname(new URL(import.meta.url).pathname), '../../book.toml'), join(project, 'book.toml'));
const book = readFileSync(join(project, 'book.toml'), 'utf8');
writeFileSync(
  join(project, 'book.toml'),
  book
    .replace(/^title = .*$/m, () => `title = '<script>window.pwned=1</script> & "title"'`)
    .replace(/^\[output\.html\]$/m, '[output.html]\nsite-url = "/repo/"'),
);
