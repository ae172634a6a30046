import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalogue } from '../src/catalogue';
import { Cells } from '../src/cells';
import { displayName, duration, Format, roughly, shortName } from '../src/format';
import { Judge } from '../src/judging';
import { columns, packGroups } from '../src/packing';
import { within, parameters } from '../src/parameters';
import { Ring, SliceCounter } from '../src/ring';
import { strings } from '../src/strings';
import { Trends } from '../src/trends';

test('no data is a dash, zero is a number', () => {
  const format = new Format('en');
  assert.deepEqual([format.number(null), format.number(undefined), format.number(Infinity), format.number(0)], ['–', '–', '–', '0']);
  assert.deepEqual(format.percent(null), { digits: '–', unit: '' });
  assert.deepEqual(format.percent(0), { digits: '0', unit: '%' });
  assert.equal(duration(null), '–');
});

test('what no source can tell is said so, wherever it stands, and breaches nothing', () => {
  const format = new Format('en');
  const cells = new Cells((run) => run());
  cells.cell('queue/a', 'waiting', '"not_available"');
  const value = cells.number('queue/a', 'waiting')!;
  assert.deepEqual([format.number(value), format.percent(value).digits, duration(value), roughly(value)], ['n/a', 'n/a', 'n/a', 'n/a']);
  const catalogue = new Catalogue([{ id: 'waiting', title: 'Waiting', unit: 'count', direction: 'lower', warn: 0, crit: 1 }]);
  assert.equal(new Judge().judge(catalogue, 'queue/a', 'waiting', value, 0)!.severity, 'none');
});

test('numbers follow the locale', () => {
  assert.equal(new Format('de').number(1234567), '1.234.567');
  assert.deepEqual(new Format('de').percent(78.4, 1), { digits: '78,4', unit: '%' });
  assert.equal(new Format('en').percentText(78.4), '78%');
  assert.match(new Format('en', 'UTC').clock(51_787_000), /^14:23:07$/);
});

test('durations are m:ss and never bare seconds', () => {
  assert.deepEqual([0, 9_999, 134_000, 3_600_000, 90_000_000, -5].map(duration), ['0:00', '0:09', '2:14', '1:00:00', '1 d 1 h', '0:00']);
  assert.deepEqual([59_000, 14_700_000, 200_000_000].map(roughly), ['0 min', '4 h 05 min', '2 d 7 h']);
});

test('names from keys', () => {
  assert.deepEqual(['queue/sales', 'team/first-line', 'agent/anna.keller', 'agent/1042', 'queue/VIP_gold'].map(displayName),
    ['Sales', 'First line', 'Anna Keller', '1042', 'VIP gold']);
  assert.deepEqual(['Anna Keller', 'Bo Li', '1042', 'Pjsip 7009'].map(shortName), ['Anna K.', 'Bo Li', '1042', 'Pjsip 7009']);
});

test('windows are named', () => {
  assert.deepEqual(['30m', 'today', '60m', '1m'].map(strings.window), ['last 30 min', 'today', 'last hour', 'last minute']);
});

test('tiles keep their shape', () => {
  assert.equal(columns(6, 1300, 560, 1.75), 3);
  assert.equal(columns(6, 1040, 650, 1.75), 2);
  assert.equal(columns(1, 1300, 560, 1.75), 1);
});

test('agents fill the place they have and the rest is counted', () => {
  assert.deepEqual(packGroups([4, 2], 10, 10, 5), { rows: 2, columns: [2, 1], shown: [4, 2] });
  assert.deepEqual(packGroups([12, 22, 7, 3], 7, 12, 6), { rows: 6, columns: [2, 4, 2, 1], shown: [12, 22, 7, 3] });
  const cut = packGroups([100, 3], 5, 5, 4);
  assert.equal(cut.rows, 4);
  assert.deepEqual(cut.columns, [4, 1]);
  assert.deepEqual(cut.shown, [16, 3]);
});

test('a ring keeps what was read, goes on live, and leaves gaps as gaps', () => {
  const ring = new Ring(4, 1000);
  ring.load(10_000, [1, 2, null, 4, 5]);
  assert.deepEqual([0, 1, 2, 3].map((i) => ring.at(i)), [2, NaN, 4, 5]);
  assert.equal(ring.end(3), 15_000);
  ring.put(14_900, 6);
  assert.equal(ring.last, 6);
  ring.put(17_100, 9);
  assert.deepEqual([0, 1, 2, 3].map((i) => ring.at(i)), [6, NaN, NaN, 9]);
  const version = ring.version;
  ring.put(17_200, 9);
  assert.equal(ring.version, version);
  ring.put(12_000, 3);
  assert.equal(ring.version, version);
});

test('a counter since midnight becomes counts per slice, midnight included', () => {
  const counter = new SliceCounter(1000);
  counter.start(0, 3);
  assert.equal(counter.count(500, 40), 3);
  assert.equal(counter.count(700, 42), 5);
  assert.equal(counter.count(1_100, 42), 0);
  assert.equal(counter.count(1_900, 44), 2);
  assert.equal(counter.count(1_950, 1), 0);
});

test('trends are asked for once, loaded, and continued', async () => {
  const asked: string[] = [];
  const cells = new Cells((run) => run());
  cells.cell('queue/a', 'waiting', '3');
  cells.cell('queue/a', 'offered@today', '10');
  const trends = new Trends(cells, async (_path, query) => {
    asked.push(`${query['scope']} ${query['kpi']} ${query['step']}`);
    return { from: 0, step_ms: 30_000, values: { waiting: [1, 2], offered: [4, 5] } };
  });
  const queue = trends.queue('queue/a');
  trends.tick(45_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked, ['tenant offered,abandoned 1m', 'tenant service_level 5m', 'queue/a waiting,offered 30s']);
  cells.cell('queue/a', 'offered@today', '12');
  trends.tick(46_000);
  assert.equal(queue.rings.get('waiting')!.last, 3);
  assert.equal(queue.rings.get('offered')!.last, 7);
});

test('cells: rows come and go, the last value in a batch counts', () => {
  let run = () => {};
  const cells = new Cells((flush) => { run = flush; });
  cells.cell('agent/2', 'state', '"break"');
  cells.cell('agent/1', 'state', '"away"');
  cells.cell('agent/1', 'state', '"available"');
  run();
  assert.deepEqual(cells.rows('agent').value, ['agent/1', 'agent/2']);
  assert.equal(cells.text('agent/1', 'state'), 'available');
  cells.cell('agent/2', 'state', undefined);
  run();
  assert.deepEqual(cells.rows('agent').value, ['agent/1']);
});

test('what the address asks for', () => {
  const asked = parameters('?tenant=demo&u=1.2&dim=22-6&quiet=20-7&locale=de');
  assert.deepEqual(asked, { tenant: 'demo', view: 'wallboard', scale: 1.2, locale: 'de', dim: [22, 6], quiet: [20, 7] });
  assert.equal(parameters('?u=99&locale=%%&dim=x').scale, 1);
  assert.ok(within(23, [22, 6]) && within(5, [22, 6]) && !within(12, [22, 6]) && !within(12, undefined));
});
