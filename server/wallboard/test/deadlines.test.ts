import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdown, cut, inOrder, type Deadline, type DeadlineFrame } from '../src/deadlines';
import { Format } from '../src/format';

const minute = 60_000;
const deadline = (id: string, what: Partial<Deadline> = {}): Deadline => ({
  record: { kind: 'ticket', id }, clock: 'first_response', instance: 1, policy: 'gold', started_at: 0,
  deadline_at: 10 * minute, target_ms: 10 * minute, elapsed_ms: 0, ...what,
});
const frame = (list: Deadline[], what: Partial<DeadlineFrame> = {}): DeadlineFrame =>
  ({ t: 'deadlines', scope: 'tenant', asof: 0, total: list.length, list, ...what });

test('ticks down from the deadline against the given clock', () => {
  const at = (now: number) => countdown(deadline('a', { elapsed_ms: 2 * minute }), 2 * minute, now);
  assert.deepEqual(at(2 * minute), { standing: 'running', ms: 8 * minute, left: 0.8, still: false });
  assert.deepEqual(at(9 * minute), { standing: 'running', ms: minute, left: 1 - 9 / 10, still: false });
  assert.equal(countdown(deadline('a', { warned: 75 }), 0, 9 * minute).standing, 'soon');
});

test('at zero it says now, two seconds later overdue, and at once when the server says so', () => {
  const at = (now: number, what: Partial<Deadline> = {}) => countdown(deadline('a', what), 0, now);
  assert.equal(at(10 * minute).standing, 'now');
  assert.equal(at(10 * minute + 1_999).standing, 'now');
  assert.deepEqual(at(10 * minute + 2_000), { standing: 'overdue', ms: 2_000, left: 0, still: false });
  assert.deepEqual(at(10 * minute + 14_000, { breached: true }), { standing: 'overdue', ms: 14_000, left: 0, still: false });
  assert.deepEqual(at(10 * minute, { breached: true }).standing, 'overdue');
});

test('paused by a status: no deadline, stands still', () => {
  const paused = deadline('a', { deadline_at: null, paused: true, elapsed_ms: 4 * minute });
  for (const now of [0, 5 * minute, 500 * minute]) {
    assert.deepEqual(countdown(paused, 0, now), { standing: 'paused', ms: 6 * minute, left: 0.6, still: true });
  }
  const broken = deadline('b', { deadline_at: null, paused: true, breached: true, elapsed_ms: 12 * minute });
  assert.deepEqual(countdown(broken, 0, 99 * minute), { standing: 'overdue', ms: 2 * minute, left: 0, still: true });
});

test('outside business hours it stands still until they begin, then ticks by itself', () => {
  const closed = deadline('a', { deadline_at: 70 * minute, elapsed_ms: 4 * minute, closed_until: 64 * minute });
  assert.deepEqual(countdown(closed, 10 * minute, 30 * minute), { standing: 'closed', ms: 6 * minute, left: 0.6, still: true });
  const open = countdown(closed, 10 * minute, 64 * minute);
  assert.deepEqual([open.standing, open.ms, open.still], ['running', 6 * minute, false]);
});

test('overdue first, the longest first; then as they fall due; paused last', () => {
  const list = [
    deadline('paused', { deadline_at: null, paused: true }), deadline('later', { deadline_at: 90 * minute }),
    deadline('broke lately', { deadline_at: 4 * minute, breached: true }), deadline('next', { deadline_at: 6 * minute }),
    deadline('broke long ago', { deadline_at: minute, breached: true }),
  ];
  const order = (now: number) => inOrder(list, 0, now).map((one) => one.record.id);
  assert.deepEqual(order(5 * minute), ['broke long ago', 'broke lately', 'next', 'later', 'paused']);
  assert.deepEqual(order(95 * minute), ['broke long ago', 'broke lately', 'next', 'later', 'paused']);
});

test('overdue ones leave room for what can still be kept, and those that broke last are seen', () => {
  const broken = Array.from({ length: 5 }, (_, i) => deadline(`b${i}`, { deadline_at: i * minute, breached: true }));
  const next = Array.from({ length: 5 }, (_, i) => deadline(`n${i}`, { deadline_at: (20 + i) * minute }));
  const ids = (of: Deadline[]) => of.map((one) => one.record.id);
  const both = cut(frame([...next, ...broken], { total: 60, overdue: 30 }), 4, 10 * minute);
  assert.deepEqual([ids(both.shown), both.overdueMore, both.more], [['b3', 'b4', 'n0', 'n1'], 28, 28]);
  const broad = cut(frame([...next, ...broken]), 20, 10 * minute);
  assert.deepEqual([broad.shown.length, broad.overdueMore, broad.more], [10, 0, 0]);
  const only = cut(frame(broken), 3, 10 * minute);
  assert.deepEqual([ids(only.shown), only.overdueMore, only.more], [['b2', 'b3', 'b4'], 2, 0]);
  const few = cut(frame([...broken, next[0]!]), 4, 10 * minute);
  assert.deepEqual(ids(few.shown), ['b2', 'b3', 'b4', 'n0']);
  assert.deepEqual(cut(frame([]), 4, 0), { shown: [], overdueMore: 0, more: 0 });
});

test('an instant is said as near as it is', () => {
  const format = new Format('en-GB', 'UTC');
  const now = Date.UTC(2026, 10, 21, 14, 0);
  const said = [now + 3 * minute, now + 40 * 60 * minute, now + 30 * 24 * 60 * minute].map((at) => format.moment(at, now));
  // Whether a comma follows the day of the week differs between releases of the locale data.
  assert.deepEqual(said.map((text) => text.replace(',', '')), ['14:03', 'Mon 06:00', 'Mon 21 Dec']);
});
