import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFrame, type Frame } from '../src/frame';
import { ViewState } from '../src/view_state';
import { crc32 } from './crc.mjs';

function start() {
  const changes: string[] = [];
  const view = new ViewState('wallboard', { cell: (row, column, raw) => changes.push(`${row} ${column} ${raw}`) });
  view.begin('e1');
  return { view, changes };
}
const frame = (value: object): Frame => readFrame(JSON.stringify(value));
const snap = (seq: number, d: object) => frame({ t: 'snap', view: 'wallboard', seq, asof: seq * 10, d });
const delta = (prev: number, seq: number, set: object, del: string[] = []) =>
  frame({ t: 'delta', view: 'wallboard', prev, seq, asof: seq * 10, set, del });
const beat = (seq: number, text: string) =>
  frame({ t: 'hb', now: 1, v: { wallboard: { seq, asof: 999, last_event: 5, crc: crc32(text) } } });

test('a snapshot, then deltas that fit, and only what differs is told', () => {
  const { view, changes } = start();
  assert.equal(view.accept(snap(1, { 'queue/a': { waiting: 1, sl: 80 } })), 'applied');
  assert.equal(view.accept(delta(1, 5, { 'queue/a': { waiting: 1, sl: 81 }, 'agent/1': { state: 'break' } })), 'applied');
  assert.equal(view.accept(delta(5, 6, {}, ['agent/1'])), 'applied');
  assert.deepEqual(changes, [
    'queue/a waiting 1', 'queue/a sl 80', 'queue/a sl 81', 'agent/1 state "break"', 'agent/1 state undefined',
  ]);
  assert.equal(view.asof, 60);
  assert.equal(view.trusted, true);
});

test('a delta from another state asks for a snapshot and is not applied; nor is what follows', () => {
  const { view } = start();
  view.accept(snap(1, { tenant: { waiting: 1 } }));
  assert.equal(view.accept(delta(3, 4, { tenant: { waiting: 9 } })), 'resync');
  assert.equal(view.trusted, false);
  assert.equal(view.accept(delta(1, 4, { tenant: { waiting: 9 } })), 'ignored');
  assert.equal(view.rows.get('tenant')!.get('waiting'), '1');
  assert.equal(view.accept(snap(7, { tenant: { waiting: 3 } })), 'applied');
  assert.equal(view.trusted, true);
});

test('a checksum that does not match asks for a snapshot', () => {
  const { view } = start();
  view.accept(snap(1, { tenant: { waiting: 1 } }));
  assert.equal(view.accept(beat(1, 'tenant\twaiting=1\n')), 'applied');
  assert.equal(view.asof, 999);
  assert.equal(view.lastEvent, 5);
  assert.equal(view.accept(beat(1, 'tenant\twaiting=2\n')), 'resync');
});

test('a heartbeat without a checksum proves nothing and doubts nothing', () => {
  const { view } = start();
  view.accept(snap(1, { tenant: { waiting: 1 } }));
  view.lost();
  view.begin('e1');
  const bare = frame({ t: 'hb', now: 1, v: { wallboard: { seq: 1, asof: 77, last_event: null } } });
  assert.equal(view.accept(bare), 'applied');
  assert.deepEqual([view.asof, view.lastEvent, view.trusted], [77, null, false]);
});

test('a heartbeat ahead of us is patience twice and doubt the third time', () => {
  const { view } = start();
  view.accept(snap(1, { tenant: { waiting: 1 } }));
  assert.equal(view.accept(beat(2, '')), 'ignored');
  assert.equal(view.accept(beat(2, '')), 'ignored');
  assert.equal(view.accept(beat(3, '')), 'resync');
});

test('a lost connection resumes in the same epoch and is trusted only after a checksum', () => {
  const { view } = start();
  view.accept(snap(4, { tenant: { waiting: 1 } }));
  view.lost();
  assert.deepEqual(view.begin('e1'), { epoch: 'e1', seq: 4 });
  assert.equal(view.accept(delta(4, 9, { tenant: { waiting: 2 } })), 'applied');
  assert.equal(view.trusted, false);
  assert.equal(view.accept(beat(9, 'tenant\twaiting=2\n')), 'applied');
  assert.equal(view.trusted, true);
});

test('in another epoch nothing but a snapshot counts, and rows it lacks are gone', () => {
  const { view, changes } = start();
  view.accept(snap(4, { tenant: { waiting: 1 }, 'agent/1': { state: 'break' } }));
  assert.equal(view.begin('e2'), undefined);
  assert.equal(view.accept(delta(4, 5, { tenant: { waiting: 2 } })), 'ignored');
  changes.length = 0;
  view.accept(snap(1, { tenant: { waiting: 1 } }));
  assert.deepEqual(changes, ['agent/1 state undefined']);
});

test('frames of another view are not ours', () => {
  const { view } = start();
  assert.equal(view.accept(frame({ t: 'snap', view: 'other', seq: 1, asof: 1, d: {} })), 'ignored');
  assert.equal(view.empty, true);
});
