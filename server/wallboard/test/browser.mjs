// The page in a real browser: node test/browser.mjs [base URL]
//
// With a URL it looks at the server there, which must have traffic; without one it starts the invented call
// center and also plays faults that only that one can (gap, wrong checksum, restart, new build).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './cdp.mjs';
import { openWire } from './wire.mjs';

const given = process.argv[2];
const closing = [];

async function invented() {
  const script = fileURLToPath(new URL('fake_server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  return new Promise((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())));
}

const server = given ?? (await invented());
const wire = await openWire(server);
const url = new URL(new URL(server).pathname + new URL(server).search, wire.url).href;
closing.push(() => wire.close());
const browser = await openBrowser();
closing.push(() => browser.close());

const level = (name) => `document.querySelector('.board')?.dataset.level === '${name}'`;
const numbers = `[...document.querySelectorAll('.hero, .level b, .fact b, .team b, .entry b, .trends b')].map((e) => e.textContent).join('|')`;
const timers = `[...document.querySelectorAll('.agent .digits, .oldest .digits, .deadline .time')].map((e) => e.textContent).join('|')`;
const fault = (name) => fetch(new URL(`fake/${name}`, server), { method: 'POST' });

async function check(name, run) {
  const from = Date.now();
  await run();
  console.log(`ok  ${name}  (${((Date.now() - from) / 1000).toFixed(1)} s)`);
}

let failed = false;
try {
  const page = await browser.page(url);
  const recovered = async () => {
    await page.until('fresh again', level('fresh'), 30_000);
    assert.equal(await page.evaluate('window.samePage === true'), true, 'the page was reloaded');
    const before = await page.evaluate(timers);
    await page.until('timers run again', `${timers} !== ${JSON.stringify(before)}`);
  };

  await check('shows live numbers that change', async () => {
    await page.until('fresh', level('fresh'));
    await page.evaluate('window.samePage = true');
    await page.until('tiles', `document.querySelectorAll('.tile, .row').length > 0`);
    await page.until('agents', `document.querySelectorAll('.agent').length > 0`);
    const before = await page.evaluate(numbers);
    await page.until('a number that changes', `${numbers} !== ${JSON.stringify(before)}`, 30_000);
    const ticking = await page.evaluate(timers);
    await page.until('timers that run', `${timers} !== ${JSON.stringify(ticking)}`);
  });

  await check('one tile or row per queue, no scroll bars', async () => {
    const scopes = (await (await fetch(new URL('v1/scopes', server))).json().catch(() => ({}))).scopes;
    const shown = await page.evaluate(`document.querySelectorAll('.tile, .rows .row:not(.rest)').length`);
    if (scopes) assert.ok(shown >= Math.min(6, scopes.filter((scope) => scope.startsWith('queue/')).length));
    const [wide, tall] = await page.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]');
    assert.deepEqual([wide, tall], [1920, 1080]);
  });

  await check('a tile opens its definitions by keyboard', async () => {
    const key = async (name, code) => {
      for (const type of ['keyDown', 'keyUp']) {
        await page.call('Input.dispatchKeyEvent', { type, key: name, code: name, windowsVirtualKeyCode: code });
      }
    };
    for (let i = 0; i < 5 && (await page.evaluate(`document.activeElement.className`)) !== 'tile'; i++) await key('Tab', 9);
    assert.equal(await page.evaluate(`document.activeElement.className`), 'tile');
    await key('Enter', 13);
    await page.until('the card', `document.querySelector('dialog[open] dt')`);
    await key('Escape', 27);
    await page.until('no card', `!document.querySelector('dialog[open]')`);
  });

  await check('silence: late, then stale with standing timers and no colour, then well again', async () => {
    wire.freeze();
    await page.until('late', level('late'), 8_000);
    await page.until('stale or dead', `document.querySelector('.board').dataset.frozen === 'true'`, 20_000);
    const standing = await page.evaluate(timers);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.equal(await page.evaluate(timers), standing, 'timers moved');
    assert.equal(await page.evaluate(`document.querySelectorAll('.tile:not([data-severity=none]), .alert[data-loud=true]').length`), 0);
    if (await page.evaluate(`document.querySelectorAll('.deadline').length`)) {
      assert.match(await page.text('.sla .held'), /^standing still since \d\d:\d\d:\d\d$/);
    }
    wire.mend();
    await recovered();
  });

  await check('server gone: the band says since when, then well again', async () => {
    wire.cut();
    await page.until('dead', level('dead'), 8_000);
    assert.match(await page.text('.band .words'), /^No live data for \d+:\d\d, showing \d\d:\d\d:\d\d$/);
    const age = await page.text('.band .words');
    await page.until('the age grows', `document.querySelector('.band .words').textContent !== ${JSON.stringify(age)}`);
    wire.mend();
    await recovered();
  });

  await check('a view the server does not know is said', async () => {
    const other = await browser.page(`${url}?view=no-such-view`);
    await other.until('words', `document.querySelector('.band')?.dataset.tone === 'lost'`);
    assert.match(await other.text('.band .words'), /does not offer/);
  });

  await check('a phone has no sideways scroll', async () => {
    const phone = await browser.page(url, { width: 390, height: 844, mobile: true });
    await phone.until('fresh', level('fresh'));
    assert.ok(await phone.evaluate('document.documentElement.scrollWidth') <= 390);
  });

  if (given) {
    const rest = async (path, body) => {
      const answer = await fetch(new URL(path, server), body ? { method: 'POST', body: JSON.stringify(body) } : {});
      assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
      return answer.json();
    };
    await check('the next deadlines of the server count down', async () => {
      assert.ok((await rest('v1/deadlines?limit=1')).total > 0, 'the server has no deadlines');
      await page.until('deadlines', `document.querySelectorAll('.deadline').length > 0`);
      const shown = JSON.parse(await page.evaluate(`JSON.stringify([...document.querySelectorAll('.deadline .what b')].map((e) => e.textContent))`));
      const known = new Set((await rest('v1/deadlines?limit=200')).deadlines.map((deadline) => deadline.record.id));
      assert.ok(shown.filter((id) => known.has(id)).length >= shown.length - 1, `${shown} are not deadlines of the server`);
      assert.equal(await page.evaluate(`document.querySelector('.sla').dataset.old`), 'false');
      assert.match(await page.text('.sla .figures'), /overdue.*at risk.*SLA kept/);
    });
    await check('an alert is on the page; who takes care of it is told there, and what silences it', async () => {
      const { alerts } = await rest('v1/alerts');
      const alert = alerts.find((one) => one.state === 'firing' && !one.acknowledged && !one.held_back);
      assert.ok(alert, 'the server has no alert that fires');
      await page.until('alerts', `document.querySelectorAll('.alert').length > 0`);
      await page.evaluate(`document.querySelector('.alert').click()`);
      const entry = `[...document.querySelectorAll('dialog[open] dl > div')].find((e) => e.querySelector('code').textContent === ${JSON.stringify(alert.key)})?.textContent`;
      await page.until('it is in the list', `Boolean(${entry})`);
      await rest('v1/alerts/acknowledge', { key: alert.key, by: 'Browser Check', reason: 'seen' });
      await page.until('it is taken care of', `/Browser Check takes care/.test(${entry})`);
      await rest('v1/silences', { matcher: `key="${alert.key}"`, for: '5m', by: 'Browser Check', reason: 'being tested' });
      await page.until('it is silenced', `/silenced by Browser Check: being tested/.test(${entry})`);
      await page.evaluate(`document.querySelector('dialog[open]').close()`);
    });
  }

  if (!given) {
    await check('alerts: worst first, cared for and held back marked, the rest counted and listed', async () => {
      const cards = `[...document.querySelectorAll('.alert')].map((e) => e.dataset.severity + ' ' + e.dataset.loud).join('|')`;
      assert.equal(await page.evaluate(cards), 'critical true|critical false|warning true');
      assert.match(await page.text('.alert:nth-child(2) .detail'), /anna takes care/);
      assert.match(await page.text('.alert:nth-child(3) .detail'), /due in \d+:\d\dfound out late/);
      assert.equal(await page.text('.alerts .rest'), '+2 more');
      await page.evaluate(`document.querySelector('.alerts .rest').click()`);
      await page.until('the list', `document.querySelector('dialog[open]')?.querySelectorAll('dt').length === 5`);
      assert.match(await page.text('dialog[open]'), /silenced by rosa: migration/);
      await page.evaluate(`document.querySelector('dialog[open]').close()`);
    });
    await check('an alert comes, is read out, and ends with a note; one that never was says so', async () => {
      await fault('alert?key=new&step=fired&severity=critical&summary=Trunk+down');
      await page.until('the card', `document.querySelector('.alerts').textContent.includes('Trunk down')`);
      await page.until('an announcement', `document.querySelector('[aria-live=assertive]').textContent === 'Critical: Trunk down'`);
      await fault('alert?key=new&step=resolved');
      await page.until('resolved', `/Trunk down.*Resolved after 0:0\\d/.test(document.querySelector('.alert[data-over=resolved]')?.textContent)`);
      await fault('alert?key=other&step=fired&severity=warning&summary=T-9+late');
      await fault('alert?key=other&step=rescinded&reason=a+late+reply');
      await page.until('rescinded', `/Rescinded, it never was: a late reply/.test(document.querySelector('.alert[data-over=rescinded]')?.textContent)`);
      await page.until('read out', `document.querySelector('.top > [aria-live=polite]').textContent === 'Rescinded: T-9 late'`);
    });
    await check('alert changes lost on the way are announced and made good', async () => {
      await fault('hole');
      await fault('alert?key=after&step=fired&severity=warning&summary=After+the+hole');
      await page.until('the note', `/^3 alert changes were lost .* is complete again$/.test(document.querySelector('.alert-note')?.textContent)`);
      await page.until('what came after', `document.querySelector('.top').textContent.includes('After the hole')
        || document.querySelector('.alerts .rest').textContent !== '+2 more'`);
    });
    await check('deadlines count down, fall due and break', async () => {
      const row = `[...document.querySelectorAll('.deadline')].find((e) => e.textContent.includes('T-1031'))`;
      await fault('deadlines?left=3500');
      await page.until('it counts', `/0:0[1-4]/.test(${row}.querySelector('.time').textContent)`);
      await page.until('it is overdue', `${row}.dataset.standing === 'overdue' && /^\\+0:0\\d$/.test(${row}.querySelector('.time').textContent)`);
      assert.match(await page.evaluate(`${row}.querySelector('.note').textContent`), /^broken \d\d:\d\d$/);
    });
    await check('paused and closed clocks stand still and say so', async () => {
      await fault('deadlines?still=1');
      const rows = `[...document.querySelectorAll('.deadline')].map((e) => e.dataset.standing + ' ' + e.querySelector('.note').textContent).join('|')`;
      await page.until('two of them', `document.querySelectorAll('.deadline').length === 2`);
      assert.match(await page.evaluate(rows), /^closed closed until (\w+ )?\d\d:\d\d\|paused paused$/);
      const times = `[...document.querySelectorAll('.deadline .time')].map((e) => e.textContent).join('|')`;
      const before = await page.evaluate(times);
      const clock = await page.text('.clock .time');
      await page.until('two seconds', `document.querySelector('.clock .time').textContent > ${JSON.stringify(clock)}`);
      assert.equal(await page.evaluate(times), before);
    });
    await check('sound: armed and muted by its button, and the wish is remembered', async () => {
      const state = `document.querySelector('.sound').dataset.state`;
      const press = async () => {
        const at = JSON.parse(await page.evaluate(`(() => { const r = document.querySelector('.sound').getBoundingClientRect();
          return JSON.stringify({ x: r.x + r.width / 2, y: r.y + r.height / 2 }); })()`));
        for (const type of ['mousePressed', 'mouseReleased']) {
          await page.call('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 });
        }
      };
      assert.equal(await page.evaluate(state), 'off');
      await press();
      await page.until('armed', `${state} === 'on'`);
      const later = await browser.page(url);
      await later.until('waits for a gesture', `['blocked', 'on'].includes(document.querySelector('.sound')?.dataset.state)`);
      await press();
      await page.until('muted', `${state} === 'off'`);
      assert.equal(await page.evaluate(`localStorage.getItem('ringside.sound')`), 'off');
    });
    await check('gap, wrong checksum and restart in a new epoch are overcome', async () => {
      for (const name of ['gap', 'wrong', 'restart']) {
        await fault(name);
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await recovered();
      }
    });
    await check('events stop while the engine is well: the band names the source', async () => {
      await fault('source?quiet=1');
      await page.until('stale', level('stale'));
      assert.match(await page.text('.band .words'), /^No events have come in for \d+:\d\d/);
      await fault('source');
      await recovered();
    });
    await check('what no source tells is said so with the reason, and never as nothing or nobody', async () => {
      await fault('untold');
      const tile = (name) => `[...document.querySelectorAll('.tile')].find((e) => e.querySelector('h2').textContent === '${name}')`;
      await page.until('n/a, and by whom', `/^n\\/awaiting, not told by records$/.test(${tile('Sales')}.querySelector('.hero').textContent)`);
      assert.equal(await page.evaluate(`${tile('Sales')}.querySelector('.oldest b').textContent`), 'n/a');
      assert.match(await page.evaluate(`${tile('Billing')}.textContent`), /^Billing.*41open2:0\d:\d\doldest.*7created.*today$/);
      assert.equal(await page.evaluate(`document.querySelectorAll('.agents, .team').length`), 0);
      await page.evaluate(`${tile('Sales')}.click()`);
      await page.until('the measure', `/Not available; records does not tell waiting/.test(document.querySelector('dialog[open]')?.textContent)`);
      await page.evaluate(`document.querySelector('dialog[open]').close()`);
      // Nobody can say whether anybody is there: silence is what a well help desk sounds like.
      await fault('source?quiet=1');
      await page.until('quiet', `/^Quiet 4:/.test(document.querySelector('.link .state').textContent)`);
      await fault('source');
      await fault('untold?on=0');
      await page.until('agents again', `document.querySelectorAll('.agent').length > 0`);
    });
    await check('a new build reloads the page', async () => {
      await fault('build');
      await page.until('a new page', `window.samePage === undefined && ${level('fresh')}`, 20_000);
    });
  }

  await check('nothing was refused or thrown', async () => {
    const serious = page.complaints.filter((text) => !/ERR_|WebSocket|favicon/.test(text));
    assert.deepEqual(serious, []);
  });
} catch (error) {
  failed = true;
  console.error(error);
}
for (const close of closing.reverse()) await close();
process.exit(failed ? 1 : 0);
