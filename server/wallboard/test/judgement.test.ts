import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Catalogue, type Kpi } from '../src/catalogue';
import { Format } from '../src/format';
import { Judge, speak, type Breach } from '../src/judging';
import { Judgement, rule } from '../src/severity';
import { engineLevel, frozen, linkLevel, sourceLevel, worst } from '../src/staleness';
import { TileOrder } from '../src/tile_order';

const up = rule({ warn: 10, crit: 20, target: null }, 'lower', 'count')!;
const share = rule({ warn: 80, crit: 60, target: null }, 'higher', 'percent')!;

test('colour is entered at the threshold and left at 90 % of it after ten seconds', () => {
  const judgement = new Judgement();
  assert.equal(judgement.judge(9, up, 0), 'none');
  assert.equal(judgement.judge(10, up, 1_000), 'warn');
  assert.equal(judgement.judge(9.5, up, 20_000), 'warn');
  assert.equal(judgement.judge(8.9, up, 30_000), 'warn');
  assert.equal(judgement.judge(8.9, up, 39_999), 'warn');
  assert.equal(judgement.judge(8.9, up, 40_000), 'none');
});

test('a relapse within the ten seconds starts them again', () => {
  const judgement = new Judgement();
  judgement.judge(20, up, 0);
  judgement.judge(5, up, 1_000);
  judgement.judge(19, up, 6_000);
  assert.equal(judgement.judge(5, up, 12_000), 'crit');
  assert.equal(judgement.judge(5, up, 22_000), 'none');
});

test('critical falls to warning when only that much is clear', () => {
  const judgement = new Judgement();
  judgement.judge(25, up, 0);
  judgement.judge(15, up, 1_000);
  assert.equal(judgement.judge(15, up, 11_000), 'warn');
});

test('higher is better: a percentage leaves 10 % of the way to 100 above its threshold', () => {
  const judgement = new Judgement();
  assert.equal(judgement.judge(80, share, 0), 'none');
  assert.equal(judgement.judge(79.9, share, 0), 'warn');
  judgement.judge(81.9, share, 1_000);
  assert.equal(judgement.judge(81.9, share, 60_000), 'warn');
  judgement.judge(82.1, share, 61_000);
  assert.equal(judgement.judge(82.1, share, 71_000), 'none');
});

test('no data breaches nothing and ends a breach after ten seconds', () => {
  const judgement = new Judgement();
  assert.equal(judgement.judge(null, up, 0), 'none');
  judgement.judge(30, up, 1_000);
  assert.equal(judgement.judge(null, up, 2_000), 'crit');
  assert.equal(judgement.judge(null, up, 12_000), 'none');
});

test('no limits, no rule', () => {
  assert.equal(rule({ warn: null, crit: null, target: 80 }, 'higher', 'percent'), undefined);
});

test('the ladder of the link', () => {
  assert.equal(linkLevel(3_000, false, 2_000), 'fresh');
  assert.equal(linkLevel(3_001, false, 2_000), 'late');
  assert.equal(linkLevel(2_900, true, 2_000), 'fresh');
  assert.equal(linkLevel(3_001, true, 2_000), 'dead');
  assert.equal(linkLevel(15_001, false, 2_000), 'stale');
  assert.equal(linkLevel(60_001, false, 2_000), 'dead');
  assert.equal(linkLevel(6_000, false, 5_000), 'fresh');
  assert.deepEqual([0, 4_000, 16_000, 61_000].map(engineLevel), ['fresh', 'late', 'stale', 'dead']);
});

test('the ladder of the source: slower, and silence at night is no alarm', () => {
  assert.deepEqual([30_000, 61_000, 181_000, 601_000].map((age) => sourceLevel(age, false)), ['fresh', 'late', 'stale', 'dead']);
  assert.equal(sourceLevel(36_000_000, true), 'late');
  assert.equal(sourceLevel(null, false), 'late');
});

test('the worst level counts and its cause is named', () => {
  const link = { level: 'fresh', cause: 'link', age: 1 } as const;
  const source = { level: 'stale', cause: 'source', age: 9 } as const;
  assert.equal(worst([link, source]).cause, 'source');
  assert.ok(frozen('stale') && frozen('dead') && !frozen('late'));
});

test('a tile moves because of its severity and at most once in ten seconds', () => {
  const order = new TileOrder();
  const rows = (a: 'none' | 'crit', b: 'none' | 'warn') => [
    { key: 'b', name: 'B', severity: b }, { key: 'a', name: 'A', severity: a }, { key: 'c', name: 'C', severity: 'none' as const },
  ];
  assert.deepEqual(order.arrange(rows('none', 'none'), 0), ['a', 'b', 'c']);
  assert.deepEqual(order.arrange(rows('none', 'warn'), 100), ['b', 'a', 'c']);
  assert.deepEqual(order.arrange(rows('crit', 'warn'), 9_000), ['b', 'a', 'c']);
  assert.deepEqual(order.arrange(rows('crit', 'warn'), 10_100), ['a', 'b', 'c']);
  assert.deepEqual(order.arrange(rows('crit', 'warn').slice(0, 2), 10_200), ['a', 'b']);
});

const kpi = (id: string, unit: Kpi['unit'], limits: Partial<Kpi>): Kpi =>
  ({ id, title: id, unit, direction: unit === 'percent' ? 'higher' : 'lower', ...limits });
const catalogue = new Catalogue([
  kpi('waiting', 'count', { warn: 5, crit: 10 }),
  kpi('longest_wait', 'duration', { warn: 60_000, crit: 120_000 }),
  kpi('service_level', 'percent', { warn: 75, crit: 60, target: 80, thresholds: [{ scope: 'queue/vip', warn: 90 }] }),
]);

test('an instant is judged by its age, with the limits of the longest wait where it has none', () => {
  const judge = new Judge();
  const breach = judge.judge(catalogue, 'queue/a', 'oldest_waiting_since', 1_000_000, 1_130_000);
  assert.deepEqual([breach!.severity, breach!.value], ['crit', 130_000]);
  assert.equal(judge.judge(catalogue, 'queue/vip', 'service_level', 85, 0)!.severity, 'warn');
  assert.equal(judge.judge(catalogue, 'queue/a', 'service_level', 85, 0)!.severity, 'none');
  assert.equal(judge.judge(catalogue, 'queue/a', 'occupancy', 85, 0), undefined);
});

test('the band tells the worst in words', () => {
  const breach = (row: string, id: string, severity: 'warn' | 'crit', value: number): Breach =>
    ({ row, kpi: id, severity, since: 0, value });
  const say = (breaches: Breach[]) => speak(breaches, (row) => row.slice(6), catalogue, new Format('en'));
  assert.equal(say([]), undefined);
  const one = say([
    breach('queue/A', 'service_level', 'warn', 62), breach('queue/B', 'oldest_waiting_since', 'crit', 134_000),
    breach('queue/B', 'waiting', 'crit', 1_200),
  ])!;
  assert.deepEqual([one.severity, one.words, one.more], ['crit', 'B: 1,200 callers waiting, oldest wait 2:14', 'and 1 more']);
  const level = say([breach('queue/A', 'service_level', 'warn', 62)])!;
  assert.equal(level.words, 'A: service level 62%, target 80%');
  const many = say(['A', 'B', 'C'].map((name) => breach(`queue/${name}`, 'waiting', 'crit', 11)))!;
  assert.equal(many.words, '3 queues critical: A, B, C');
});
