// Pictures of the board for looking at: node test/shots.mjs <folder>. Starts its own invented call center.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './cdp.mjs';

const folder = process.argv[2] ?? '.';
const only = process.argv[3];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function serve(...options) {
  const script = fileURLToPath(new URL('fake_server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())));
  return { url, stop: () => child.kill('SIGKILL') };
}

const pictures = [
  ['healthy', { width: 1920, height: 1080, calm: true }],
  ['breach', { width: 1920, height: 1080 }],
  ['dead', { width: 1920, height: 1080, kill: 75_000 }],
  ['portrait', { width: 1080, height: 1920 }],
  ['phone', { width: 390, height: 844, mobile: true }],
  ['laptop', { width: 1366, height: 768 }],
  ['many', { width: 1920, height: 1080, options: ['--queues', '20'] }],
  ['three', { width: 1920, height: 1080, options: ['--queues', '3'] }],
];

const browser = await openBrowser();
await Promise.all(pictures.filter(([name]) => !only || only.split(',').includes(name)).map(async ([name, how]) => {
  const server = await serve(...(how.calm ? ['--calm'] : []), ...(how.options ?? []));
  const page = await browser.page(server.url, how);
  await pause(7_000);
  if (how.kill) {
    server.stop();
    await pause(how.kill);
  }
  writeFileSync(join(folder, `${name}.png`), await page.screenshot());
  const overflow = await page.evaluate(`JSON.stringify([document.documentElement.scrollWidth, document.documentElement.scrollHeight,
    [...document.querySelectorAll('.board *')].filter((e) => !['svg','path'].includes(e.tagName) && e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 0 && getComputedStyle(e).overflow === 'hidden' && getComputedStyle(e).display !== 'inline').map((e) => (e.className || e.tagName) + ':' + e.textContent.slice(0, 30)).slice(0, 8)])`);
  console.log(name, overflow, ...page.complaints);
  server.stop();
}));
await browser.close();
