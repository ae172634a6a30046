// The connection: opens the stream, subscribes, hands frames on, and comes back by itself for as long as the page
// lives. Everything it needs from the browser comes in, so that tests can play the network.
import { Backoff } from './backoff';
import { readFrame, type Frame } from './frame';

export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface World {
  connect(): Socket;
  monotonic(): number;
  random(): number;
  after(ms: number, run: () => void): void;
}

export interface LinkEvents {
  frame(frame: Frame): void;
  /** The connection is gone, or could not be made. */
  down(): void;
  /** The server said, for good, that it will not serve this page. */
  refused(why: string): void;
}

/** Silence after which a connection is given up, in heartbeats and at least so many milliseconds. */
const patience = { heartbeats: 4, least: 10_000 };

export class Link {
  private socket: Socket | undefined;
  private openedAt: number | undefined;
  private heardAt = 0;
  private heartbeat = 2_000;
  private nextId = 1;
  private waiting = false;
  private attempt = 0;  // a timer of an earlier attempt must not start another
  private readonly backoff: Backoff;

  constructor(private readonly world: World, private readonly events: LinkEvents) {
    this.backoff = new Backoff(() => world.random());
  }

  start(): void {
    const attempt = ++this.attempt;
    this.waiting = false;
    this.heardAt = this.world.monotonic();
    const socket = this.world.connect();
    this.socket = socket;
    socket.onopen = () => {
      this.openedAt = this.world.monotonic();
      this.heardAt = this.openedAt;
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (attempt !== this.attempt) return;
      this.events.down();
      if (event.code >= 4500 && event.code < 5000) {
        this.events.refused(`${event.reason || 'closed'} (${event.code})`);
        this.socket = undefined;
        return;
      }
      this.again();
    };
  }

  /** Returns the id that the answer will bear; nothing while there is no connection. */
  send(op: Record<string, unknown>): number | undefined {
    if (this.openedAt === undefined || !this.socket) return undefined;
    const id = this.nextId++;
    this.socket.send(JSON.stringify({ id, ...op }));
    return id;
  }

  /** Called once a second: a connection that says nothing at all is not one. */
  check(): void {
    if (!this.socket) return;
    const silence = this.world.monotonic() - this.heardAt;
    if (silence > Math.max(patience.least, patience.heartbeats * this.heartbeat)) this.again();
  }

  /** The network came back or the page was looked at again: do not sit out the wait. */
  hurry(): void {
    if (this.waiting) this.start();
  }

  private again(): void {
    const old = this.socket;
    this.socket = undefined;
    const openFor = this.openedAt === undefined ? 0 : this.world.monotonic() - this.openedAt;
    this.openedAt = undefined;
    const attempt = ++this.attempt;
    if (old) {
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
    }
    this.waiting = true;
    this.world.after(this.backoff.closed(openFor), () => {
      if (attempt !== this.attempt) return;
      this.start();
    });
  }

  private receive(data: unknown): void {
    this.heardAt = this.world.monotonic();
    if (typeof data !== 'string') return;
    let frame: Frame;
    try {
      frame = readFrame(data);
    } catch {
      this.events.down();
      this.again();
      return;
    }
    if (frame.t === 'hello') this.heartbeat = frame.hb_ms || this.heartbeat;
    if (frame.t === 'bye' && frame.retry_ms) this.backoff.ask(frame.retry_ms);
    this.events.frame(frame);
  }
}
