// Starts one browser and runs the tests in it, two files at a time: one tab keeps one processor busy.

import { spawn } from 'node:child_process';
import { sharedBrowser } from './lib/site.mjs';

const server = await sharedBrowser();
const options = ['--test', '--test-concurrency=2', '--test-reporter=spec'];
const files = ['pages.test.mjs', 'hostile.test.mjs', 'serve.test.mjs'];
const env = { ...process.env, BROWSER: server.wsEndpoint() };
const tests = spawn(process.execPath, [...options, ...files], { env, stdio: 'inherit' });
process.exitCode = await new Promise((done) => tests.once('exit', (code) => done(code ?? 1)));
await server.close();
