import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertList, compare, unattended, type Alert } from '../src/alerts';
import { Feeds } from '../src/feeds';
import { readFrame } from '../src/frame';

const alert = (key: string, what: Partial<Alert> = {}): Alert => ({
  key, name: 'long-wait', scope: 'queue/a', severity: 'warning', state: 'firing', step: 'fired', episode: 1, version: 1,
  at: 1_000, noticed: 1_000, started: 1_000, fired: 1_000, ...what,
});

/** A list that has its state, and the keys of what rang. */
function start(number: number, ...active: Alert[]) {
  const list = new AlertList();
  const rang: string[] = [];
  const ring = (of: Alert) => { rang.push(of.key); };
  list.begin();
  list.accept({ t: 'alerts', number, active }, 0, ring);
  return {
    list, rang,
    change: (n: number, of: Alert, now = 2_000) => list.accept({ t: 'alert', number: n, change: of }, now, ring),
    state: (n: number, ...of: Alert[]) => list.accept({ t: 'alerts', number: n, active: of }, 3_000, ring),
    keys: (now = 2_000) => list.shown(now).map((of) => of.key),
  };
}

test('the state first, then changes by number; what was there already does not ring', () => {
  const { list, rang, change, keys } = start(7, alert('a'));
  assert.equal(change(7, alert('old')), 'ignored');
  assert.equal(change(8, alert('b', { severity: 'critical' })), 'applied');
  assert.deepEqual(keys(), ['b', 'a']);
  assert.deepEqual(rang, ['b']);
  assert.deepEqual([list.number, list.loss], [8, undefined]);
});

test('a hole is a loss: nothing is applied until the state is here again', () => {
  const { list, change, state, keys } = start(7, alert('a'));
  assert.equal(change(10, alert('c')), 'again');
  assert.deepEqual([list.loss?.from, list.loss?.to, list.current], [8, 9, false]);
  assert.equal(change(11, alert('d')), 'ignored');
  assert.deepEqual(keys(), ['a']);
  state(11, alert('a'), alert('d'));
  assert.deepEqual([list.current, list.number], [true, 11]);
  assert.deepEqual(keys(), ['a', 'd']);
});

test('a gap the server tells of is a loss too', () => {
  const { list, state } = start(7);
  assert.equal(list.accept({ t: 'gap', from: 8, to: 500, reason: 'slow' }, 5_000, () => {}), 'applied');
  assert.deepEqual([list.loss?.from, list.loss?.to, list.loss?.at, list.current], [8, 500, 5_000, false]);
  state(500);
  assert.equal(list.current, true);
});

test('numbers that begin anew with other settings are no loss', () => {
  const { list, change, state } = start(700, alert('a'));
  list.accept({ t: 'gap', reason: 'numbered anew' }, 5_000, () => {});
  state(2, alert('a'));
  assert.equal(change(3, alert('b')), 'applied');
  assert.deepEqual([list.number, list.loss], [3, undefined]);
});

test('after a reconnect it asks for what came since, and only what is new rings', () => {
  const { list, rang, state, change, keys } = start(7, alert('a'), alert('b', { episode: 2 }), alert('gone'));
  list.lost();
  assert.equal(list.current, false);
  assert.deepEqual(keys(), ['a', 'b', 'gone']);  // still shown, as of then
  assert.deepEqual(list.begin(), { after: 7 });
  state(12, alert('a'), alert('b', { episode: 3 }), alert('held', { held_back: 'silence' }), alert('new'));
  assert.deepEqual(rang, ['b', 'new']);
  const over = () => list.shown(3_000).filter((of) => of.state === 'normal').map((of) => [of.key, of.step, of.reason]);
  assert.deepEqual(over(), [['gone', 'resolved', 'unseen']]);
  assert.equal(change(9, alert('a', { version: 2 })), 'ignored');  // the missed ones follow, already part of the state
  assert.equal(change(10, alert('gone', { step: 'rescinded', state: 'normal', reason: 'a late reply' })), 'applied');
  assert.deepEqual(over(), [['gone', 'rescinded', 'a late reply']]);
  assert.deepEqual([list.number, list.loss, rang.length], [12, undefined, 2]);
});

test('what needs somebody comes first, then severity, then age, then what is over', () => {
  const all = [
    alert('over', { step: 'resolved', state: 'normal', ended: 9_000 }), alert('young', { fired: 5_000 }), alert('old', { fired: 500 }),
    alert('cared for', { severity: 'critical', acknowledged: { by: 'anna' } }), alert('info', { severity: 'info' }),
    alert('crit', { severity: 'critical', fired: 8_000 }), alert('held', { held_back: 'source' }),
  ];
  assert.deepEqual(all.sort(compare).map((of) => of.key), ['crit', 'cared for', 'young', 'old', 'held', 'info', 'over']);
  assert.deepEqual(all.filter(unattended).map((of) => of.key), ['crit', 'young', 'old', 'info']);
});

test('who is cared for or held back is quiet, but an escalation is heard; released, it is heard', () => {
  const { rang, list, change } = start(0, alert('a'));
  const by = { acknowledged: { by: 'anna', at: 1_500 } };
  change(1, alert('a', { step: 'acknowledged', by: 'anna', ...by }));
  change(2, alert('a', { step: 'fired', ...by }));
  change(3, alert('a', { step: 'suppressed', held_back: 'silence', held_why: 'migration', ...by }));
  assert.deepEqual(rang, []);
  assert.equal(unattended(list.shown(0)[0]!), false);
  change(4, alert('a', { step: 'escalated', ...by }));
  change(5, alert('b', { step: 'fired', held_back: 'source' }));
  change(6, alert('b', { step: 'released' }));
  change(7, alert('b', { step: 'relapsed' }));
  assert.deepEqual(rang, ['a', 'b']);
});

test('what ends stays a while, rescinded longer than resolved, and comes back as itself', () => {
  const { change, keys } = start(0, alert('a'), alert('b'));
  change(1, alert('a', { step: 'resolved', state: 'normal', ended: 1_900 }), 2_000);
  change(2, alert('b', { step: 'rescinded', state: 'normal', ended: 1_900, reason: 'a late reply' }), 2_000);
  assert.deepEqual(keys(31_999), ['a', 'b']);
  assert.deepEqual(keys(32_000), ['b']);
  change(3, alert('b', { episode: 2 }), 40_000);
  assert.deepEqual(keys(40_000), ['b']);
  assert.deepEqual(keys(90_000), ['b']);
});

test('pending is not shown and its end is no news, but for a clock past a warning point', () => {
  const { rang, change, keys } = start(0);
  const { fired: _, ...pending } = alert('p', { state: 'pending', step: 'pending' });
  change(1, pending);
  assert.deepEqual(keys(), []);
  change(2, { ...pending, state: 'normal', step: 'resolved' });
  assert.deepEqual(keys(), []);
  change(3, alert('w', { state: 'pending', step: 'warned' }));
  assert.deepEqual(keys(), ['w']);
  assert.deepEqual(rang, ['w']);
});

function feeds() {
  const sent: Record<string, unknown>[] = [];
  let now = 0;
  const own = new Feeds({ send: (op) => sent.push(op), now: () => now, ring: () => {} });
  own.begin();
  return {
    feeds: own, sent,
    frame: (value: object) => own.receive(readFrame(JSON.stringify(value))),
    second: (at: number) => { now = at; own.second(at); },
  };
}

test('a server without alerts and deadlines shows nothing and is not asked again', () => {
  const { feeds: own, sent, frame, second } = feeds();
  frame({ t: 'err', id: 1, code: 'unknown_op', message: 'no such op' });
  frame({ t: 'err', id: 2, code: 'unknown_op', message: 'no such op' });
  second(60_000);
  assert.deepEqual([own.alertState.value, own.deadlineState.value, sent.length], ['none', 'none', 2]);
});

test('a refusal is said and asked again after fifteen seconds', () => {
  const { feeds: own, sent, frame, second } = feeds();
  frame({ t: 'err', id: 1, code: 'overloaded', message: 'try again' });
  assert.deepEqual([own.alertState.value, own.problem.value], ['refused', 'try again']);
  second(14_999);
  assert.equal(sent.length, 2);
  second(15_000);
  assert.deepEqual(sent[2], { op: 'alerts' });
  frame({ t: 'alerts', number: 0, active: [] });
  assert.equal(own.alertState.value, 'live');
});

test('a hole asks for the state, and the page says what was lost for a minute', () => {
  const { feeds: own, sent, frame, second } = feeds();
  frame({ t: 'alerts', number: 3, active: [] });
  frame({ t: 'alert', number: 6, change: alert('x') });
  assert.deepEqual(sent.slice(2), [{ op: 'unsub', what: 'alerts' }, { op: 'alerts' }]);
  assert.equal(own.alertState.value, 'waiting');
  frame({ t: 'alerts', number: 6, active: [alert('x')] });
  assert.deepEqual([own.alertState.value, own.loss.value?.from, own.loss.value?.to], ['live', 4, 5]);
  second(60_000);
  assert.equal(own.loss.value, undefined);
});

test('a lost connection: alerts and deadlines are as of then, and resume where they were', () => {
  const { feeds: own, sent, frame, second } = feeds();
  frame({ t: 'alerts', number: 3, active: [alert('x', { severity: 'critical' })] });
  frame({ t: 'deadlines', id: 2, scope: 'tenant', asof: 5, total: 0, list: [] });
  assert.equal(own.deadlinesHeldAt.value, Infinity);
  second(9_000);
  own.lost();
  second(12_000);
  assert.deepEqual([own.alertState.value, own.deadlineState.value, own.deadlinesHeldAt.value], ['waiting', 'waiting', 9_000]);
  assert.deepEqual(own.alerts.value.map((of) => of.key), ['x']);
  own.begin();
  assert.deepEqual(sent[2], { op: 'alerts', after: 3 });
  frame({ t: 'deadlines', id: 4, scope: 'tenant', asof: 6, total: 0, list: [] });
  assert.deepEqual([own.deadlineState.value, own.deadlinesHeldAt.value], ['live', Infinity]);
  assert.equal(own.unattended(), true);
});
