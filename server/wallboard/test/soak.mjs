// Does the page stay the same size? node test/soak.mjs [minutes] [base URL]. Compares heap after collection and the
// number of DOM nodes; the first minute is not counted, for caches and history fill in it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './cdp.mjs';

const minutes = Number(process.argv[2] ?? 120);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let server;
let url = process.argv[3];
if (!url) {
  server = spawn(process.execPath, [fileURLToPath(new URL('fake_server.mjs', import.meta.url)), '--churn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((resolve) => server.stdout.once('data', (line) => resolve(String(line).trim())));
}
const browser = await openBrowser();
const page = await browser.page(url);
await page.evaluate(`new PerformanceObserver((list) => { window.longTasks = (window.longTasks ?? 0) + list.getEntries().length; })
  .observe({ entryTypes: ['longtask'] })`);

async function measure() {
  await page.call('HeapProfiler.enable');
  await page.call('HeapProfiler.collectGarbage');
  const { metrics } = await page.call('Performance.getMetrics');
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  return { heap: of('JSHeapUsedSize'), nodes: await page.evaluate(`document.getElementsByTagName('*').length`), busy: of('TaskDuration') };
}

await page.call('Performance.enable');
await pause(60_000);
await page.evaluate('window.longTasks = 0');
const first = await measure();
for (let quarter = 1; quarter <= 4; quarter++) {
  await pause(minutes * 15_000);
  console.log(`${((quarter * minutes) / 4).toFixed(1)} min: ${((await measure()).heap / 1e6).toFixed(2)} MB`);
}
const long = await page.evaluate('window.longTasks');
const last = await measure();
const growth = (last.heap / first.heap - 1) * 100;
const share = ((last.busy - first.busy) / (minutes * 60)) * 100;
console.log(`heap ${(first.heap / 1e6).toFixed(2)} -> ${(last.heap / 1e6).toFixed(2)} MB (${growth.toFixed(1)} %), `
  + `nodes ${first.nodes} -> ${last.nodes}, ${long} long tasks, main thread ${share.toFixed(1)} % busy`);
await browser.close();
server?.kill('SIGKILL');
process.exit(growth < 5 ? 0 : 1);
