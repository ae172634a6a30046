// Drives Chromium over its DevTools protocol: just what the page's tests need.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-port=0'];

export async function openBrowser(binary = process.env.CHROMIUM ?? '/usr/bin/chromium') {
  const profile = mkdtempSync(join(tmpdir(), 'wallboard-'));
  const browser = spawn(binary, [...flags, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await new Promise((resolve, reject) => {
    let said = '';
    browser.stderr.on('data', (bytes) => {
      said += bytes;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    browser.on('error', reject);
    browser.on('exit', () => reject(new Error(`no browser: ${said.slice(-400)}`)));
  });
  const wire = await connect(address);
  return {
    async page(url, { width = 1920, height = 1080, mobile = false, before = [] } = {}) {
      const { targetId } = await wire.call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await wire.call('Target.attachToTarget', { targetId, flatten: true });
      const page = new Page(wire, sessionId);
      await page.call('Page.enable');
      await page.call('Runtime.enable');
      await page.call('Log.enable');
      await page.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
      for (const [method, params] of before) await page.call(method, params);
      await page.call('Page.navigate', { url });
      return page;
    },
    async close() {
      const gone = new Promise((resolve) => browser.once('exit', resolve));
      await wire.call('Browser.close').catch(() => browser.kill('SIGKILL'));
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

class Page {
  /** What the page complained about: exceptions, console errors, refused content. */
  complaints = [];

  constructor(wire, session) {
    this.wire = wire;
    this.session = session;
    wire.listen(session, (method, params) => {
      if (method === 'Runtime.exceptionThrown') {
        const { text, exception } = params.exceptionDetails;
        this.complaints.push(exception?.description ?? text);
      }
      if (method === 'Log.entryAdded' && params.entry.level === 'error') {
        this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`);
      }
    });
  }

  call(method, params = {}) { return this.wire.call(method, params, this.session); }

  async evaluate(expression) {
    const answer = await this.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? expression);
    return answer.result.value;
  }

  text(selector) { return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`); }

  /** Waits until the expression is true; what is what a reader of a failure is told. */
  async until(what, expression, patience = 15_000) {
    const end = Date.now() + patience;
    for (;;) {
      if (await this.evaluate(`Boolean(${expression})`)) return;
      if (Date.now() > end) throw new Error(`waited ${patience} ms in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async screenshot() {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }
}

async function connect(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await new Promise((resolve, reject) => { socket.once('open', resolve); socket.once('error', reject); });
  const waiting = new Map();
  const listeners = new Map();
  let next = 1;
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (!message.id) { listeners.get(message.sessionId)?.(message.method, message.params); return; }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error) call?.reject(new Error(message.error.message));
    else call?.resolve(message.result);
  });
  return {
    listen(session, listener) { listeners.set(session, listener); },
    call(method, params = {}, sessionId) {
      const id = next++;
      socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    },
  };
}
