import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../src/backoff';
import type { Frame } from '../src/frame';
import { Link, type Socket } from '../src/link';
import { ServerClock } from '../src/server_clock';

/** A network on a hand-moved clock. */
class Network {
  now = 0;
  sockets: (Socket & { sent: string[]; closed: boolean })[] = [];
  frames: Frame[] = [];
  downs = 0;
  refusals: string[] = [];
  private timers: { at: number; run: () => void }[] = [];
  readonly link = new Link({
    connect: () => {
      const socket = {
        onopen: null, onmessage: null, onclose: null, sent: [] as string[], closed: false,
        send(text: string) { this.sent.push(text); },
        close() { this.closed = true; },
      };
      this.sockets.push(socket);
      return socket;
    },
    monotonic: () => this.now,
    random: () => 0.5,
    after: (ms, run) => { this.timers.push({ at: this.now + ms, run }); },
  }, {
    frame: (frame) => this.frames.push(frame),
    down: () => { this.downs++; },
    refused: (why) => this.refusals.push(why),
  });

  get last() { return this.sockets[this.sockets.length - 1]!; }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.now = due.at;
      due.run();
    }
    this.now = end;
  }
}

test('back-off doubles under full jitter to its cap and forgives after thirty seconds', () => {
  const backoff = new Backoff(() => 1);
  assert.deepEqual([0, 0, 0, 0, 0, 0, 0].map((n) => backoff.closed(n)), [500, 1000, 2000, 4000, 8000, 15000, 15000]);
  assert.equal(backoff.closed(29_999), 15_000);
  assert.equal(backoff.closed(30_000), 500);
  assert.equal(new Backoff(() => 0).closed(0), 0);
});

test("the server's own interval goes before the jitter, once", () => {
  const backoff = new Backoff(() => 0.5);
  backoff.ask([1000, 3000]);
  assert.equal(backoff.closed(0), 2000);
  assert.equal(backoff.closed(0), 250);
});

test('comes back after a close, and hands frames on', () => {
  const network = new Network();
  network.link.start();
  network.last.onopen!();
  network.last.onmessage!({ data: '{"t":"hello","hb_ms":2000}' });
  assert.equal(network.frames.length, 1);
  network.last.onclose!({ code: 1006, reason: '' });
  assert.equal(network.downs, 1);
  network.pass(249);
  assert.equal(network.sockets.length, 1);
  network.pass(1);
  assert.equal(network.sockets.length, 2);
});

test('silence is given up, and the silent socket is closed and never heard again', () => {
  const network = new Network();
  network.link.start();
  const silent = network.last;
  silent.onopen!();
  network.pass(10_000);
  network.link.check();
  assert.equal(silent.closed, false);
  network.pass(1);
  network.link.check();
  assert.equal(silent.closed, true);
  assert.equal(silent.onmessage, null);
  network.pass(250);
  assert.equal(network.sockets.length, 2);
});

test('4500 and above is final', () => {
  const network = new Network();
  network.link.start();
  network.last.onopen!();
  network.last.onclose!({ code: 4526, reason: 'protocol' });
  network.pass(60_000);
  assert.equal(network.sockets.length, 1);
  assert.deepEqual(network.refusals, ['protocol (4526)']);
});

test('a frame that is none ends the connection', () => {
  const network = new Network();
  network.link.start();
  network.last.onopen!();
  const first = network.last;
  first.onmessage!({ data: '{"t":' });
  assert.equal(first.closed, true);
  network.pass(250);
  assert.equal(network.sockets.length, 2);
});

test('hurry does not wait, and the old timer starts nothing more', () => {
  const network = new Network();
  network.link.start();
  network.last.onclose!({ code: 1006, reason: '' });
  network.link.hurry();
  assert.equal(network.sockets.length, 2);
  network.pass(20_000);
  assert.equal(network.sockets.length, 2);
});

test("the server's clock follows the least delayed sample and ignores the screen's", () => {
  let monotonic = 1000;
  let wall = 50_000;
  const clock = new ServerClock(() => monotonic, () => wall);
  clock.sample(1_000_900);
  clock.sample(1_000_400);
  assert.equal(clock.now(), 1_000_900);
  wall += 3_600_000;
  monotonic += 100;
  assert.equal(clock.now(), 1_001_000);
  for (let i = 0; i < 8; i++) clock.sample(900_000);
  assert.equal(clock.now(), 900_000);
});
