// A stand-in for the server while the page is worked on: serves dist/ and plays kpi.v1.json with an invented
// call center. Options: --port n --calm (nothing in breach) --queues n --seed n
//          --churn (alerts come and go, deadlines move, all the time)  --old (a server that knows no alerts and no deadlines)
// POST /fake/silence?ms=  /fake/gap  /fake/wrong  /fake/restart  /fake/build  /fake/source?quiet=1  /fake/calm?on=0|1  /fake/untold?on=0|1
//      /fake/alert?key=&step=&severity=&summary=&by=&reason=  /fake/hole (alert changes lost on the way)
//      /fake/deadlines?left=ms (of the second in the list that is not broken)  ?still=1 (only those that do not run)
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 as zcrc } from './crc.mjs';
import { WebSocketServer } from 'ws';
import { CallCenter, catalogue } from './call_center.mjs';
import { Alerts, inventDeadlines } from './invented_alerts.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const center = new CallCenter(Number(option('seed', 7)), process.argv.includes('--calm'),
  Number(option('queues', 6)));
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

const calm = process.argv.includes('--calm');
const old = process.argv.includes('--old');
const alerts = new Alerts(calm);
let deadlines = inventDeadlines(calm);
let epoch = 'a1b2c3';
let build = '0.1.0+fake';
let seq = 100;
let silentUntil = 0;
let quietSince = 0;
let shown = center.cells();
const clients = new Set();

const json = (response, body, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

const faults = {
  silence: (query) => { silentUntil = Date.now() + Number(query.get('ms') ?? 20_000); },
  gap: () => { seq += 5; for (const client of clients) client.seq = seq; },
  wrong: () => { for (const client of clients) client.lie = true; },
  restart: () => {
    epoch = Math.random().toString(16).slice(2, 8);
    seq = 1;
    for (const client of clients) {
      client.socket.send(JSON.stringify({ t: 'bye', reason: 'drain', retry_ms: [200, 400] }));
      client.socket.close(1001);
    }
  },
  build: () => { build += '.1'; faults.restart(); },
  source: (query) => { quietSince = query.get('quiet') ? Date.now() - Number(query.get('ms') ?? 240_000) : 0; },
  alert: (query) => {
    const { key, ...what } = Object.fromEntries(query);
    if (what.step === 'acknowledged') what.acknowledged = { by: what.by, at: Date.now() };
    alerts.change(key, what);
  },
  hole: () => { alerts.number += 3; },
  deadlines: (query) => {
    if (query.get('still')) deadlines = deadlines.filter((deadline) => deadline.paused || deadline.closed_until);
    const next = deadlines.filter((deadline) => !deadline.breached)[1];
    if (query.get('left')) {
      next.deadline_at = Date.now() + Number(query.get('left'));
      next.elapsed_ms = next.target_ms - Number(query.get('left'));
    }
    for (const client of clients) client.tellDeadlines?.();
  },
  untold: (query) => { center.untold = query.get('on') !== '0'; },
  calm: (query) => { center.calm = query.get('on') !== '0'; },
};

const http = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  if (request.method === 'POST' && url.pathname.startsWith('/fake/')) {
    faults[url.pathname.slice(6)]?.(url.searchParams);
    return json(response, {});
  }
  if (url.pathname === '/v1/kpis') return json(response, { kpis: catalogue });
  if (url.pathname === '/v1/trend') return json(response, center.trend(url.searchParams));
  if (url.pathname === '/livez') return json(response, {});
  const name = url.pathname === '/' ? 'index.html' : url.pathname.replace('/wallboard/', '');
  if (!(await readdir(dist)).includes(name)) return json(response, { status: 404 }, 404);
  response.writeHead(200, { 'content-type': types[extname(name)], 'content-security-policy': csp });
  response.end(await readFile(join(dist, name)));
});

const server = new WebSocketServer({ server: http, path: '/v1/stream', handleProtocols: () => 'kpi.v1.json' });
server.on('connection', (socket) => {
  const client = { socket, seq: -1, view: '', lie: false };
  const tell = (frame) => { if (Date.now() >= silentUntil) socket.send(JSON.stringify(frame)); };
  socket.send(JSON.stringify({
    t: 'hello', conn: 'c1', epoch, now: Date.now(), hb_ms: 2000, build, tenant: 'demo',
    limits: { subs: 50, in_per_s: 20, in_bytes: 16384 },
  }));
  socket.on('message', (data) => {
    const op = JSON.parse(data);
    if (old && (op.op === 'alerts' || op.op === 'deadlines')) {
      socket.send(JSON.stringify({ t: 'err', id: op.id, code: 'unknown_op', message: `no op "${op.op}"` }));
      return;
    }
    if (op.op === 'sub' && op.view !== 'wallboard') {
      socket.send(JSON.stringify({ t: 'err', id: op.id, code: 'unknown_view', message: `no view "${op.view}"` }));
      return;
    }
    socket.send(JSON.stringify({ t: 'ok', id: op.id }));
    if (op.op === 'sub') { client.view = op.view; clients.add(client); }
    if (op.op === 'alerts') { alerts.listeners.add(tell); tell(alerts.state()); return; }
    if (op.op === 'unsub') { alerts.listeners.delete(tell); return; }
    if (op.op === 'deadlines') {
      client.tellDeadlines = () => {
        const overdue = deadlines.filter((deadline) => deadline.breached).length;
        tell({ t: 'deadlines', id: op.id, scope: op.scope, asof: Date.now(), total: deadlines.length + 40, overdue, list: deadlines });
      };
      client.tellDeadlines();
      return;
    }
    if (op.from?.epoch === epoch && op.from.seq === seq) client.seq = seq;
    else snapshot(client);
  });
  socket.on('close', () => { clients.delete(client); alerts.listeners.delete(tell); });
});

function snapshot(client) {
  client.seq = seq;
  client.lie = false;
  client.socket.send(JSON.stringify({ t: 'snap', view: client.view, seq, asof: Date.now(), d: shown }));
}

function crc(rows) {
  let text = '';
  for (const row of Object.keys(rows).sort()) {
    for (const column of Object.keys(rows[row]).sort()) {
      text += `${row}\t${column}=${JSON.stringify(rows[row][column])}\n`;
    }
  }
  return zcrc(text);
}

setInterval(() => {
  if (!quietSince) center.step();
  if (Date.now() < silentUntil) return;
  const next = center.cells();
  const set = {};
  for (const row of Object.keys(next)) {
    for (const column of Object.keys(next[row])) {
      if (shown[row]?.[column] !== next[row][column]) (set[row] ??= {})[column] = next[row][column];
    }
  }
  const del = Object.keys(shown).filter((row) => !next[row]);
  if (Object.keys(set).length === 0 && del.length === 0) return;
  shown = next;
  const prev = seq++;
  for (const client of clients) {
    if (client.seq < 0) continue;
    client.socket.send(JSON.stringify({
      t: 'delta', view: client.view, prev: client.seq === prev ? prev : client.seq, seq, asof: Date.now(), set,
      ...(del.length ? { del } : {}),
    }));
    client.seq = seq;
  }
}, 250);

setInterval(() => {
  if (Date.now() < silentUntil) return;
  const now = Date.now();
  for (const client of clients) {
    const check = client.lie ? '00000000' : crc(shown);
    client.socket.send(JSON.stringify({
      t: 'hb', now, v: { [client.view]: { seq, asof: now, last_event: quietSince || now - 400, crc: check } },
    }));
  }
}, 2000);

if (process.argv.includes('--churn')) {
  let n = 0;
  setInterval(() => {
    n++;
    alerts.change(`rule/churn/${n % 7}`, { step: n % 14 < 7 ? 'fired' : n % 3 ? 'resolved' : 'rescinded', severity: ['info', 'warning', 'critical'][n % 3], summary: `Churn ${n}` });
    deadlines = inventDeadlines(n % 5 === 0);
    for (const client of clients) client.tellDeadlines?.();
  }, 700);
}

http.listen(Number(option('port', 0)), () => console.log(`http://127.0.0.1:${http.address().port}/`));
