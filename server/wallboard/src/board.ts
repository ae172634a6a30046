// The board: owns link, view, cells, clock, judgement and trends, and offers what the parts of the page show as
// signals. One timer a second drives everything that moves with time.
import { batch, computed, signal } from '@preact/signals';
import { Catalogue, type Kpi } from './catalogue';
import { Cells } from './cells';
import type { Frame } from './frame';
import { Feeds } from './feeds';
import { displayName, duration, Format } from './format';
import { Judge, queueKpis, speak, tenantKpis, ticketKpis, type Breach, type Speech } from './judging';
import { Link, type World } from './link';
import { within, type Parameters } from './parameters';
import { ServerClock } from './server_clock';
import { rank, type Severity } from './severity';
import type { Sound } from './sound';
import { engineLevel, frozen, linkLevel, sourceLevel, worst, type Freshness } from './staleness';
import { strings } from './strings';
import { TileOrder } from './tile_order';
import { Trends, type Get } from './trends';
import { ViewState } from './view_state';

export interface Surroundings extends World {
  wall(): number;
  frame(run: () => void): void;
  get: Get;
  reload(): void;
  readonly sound: Sound;
}

/** Windows a tile may show, best first; the view decides which of them exist. */
const windows = ['30m', '15m', '60m', '5m', 'today'];

export class Board {
  readonly cells: Cells;
  readonly format: Format;
  readonly trends: Trends;
  readonly feeds: Feeds;
  readonly catalogue = signal(new Catalogue());
  readonly tenant = signal('');
  readonly freshness = signal<Freshness>({ level: 'late', cause: 'link', age: 0 });
  readonly started = signal(false);         // a first snapshot is here
  readonly refusal = signal('');
  readonly asof = signal(0);                // engine time the numbers shown hold for
  readonly now = signal(0);                 // server time, whole seconds; always runs
  readonly ticking = signal(0);             // the same for timers; stands still with the numbers
  readonly skew = signal(0);
  readonly severities = signal(new Map<string, Severity>());
  readonly queues = signal<string[]>([]);   // in the order of the tiles
  readonly speech = signal<Speech | undefined>(undefined);
  readonly dim = signal(false);
  readonly quiet = signal(false);          // hours in which the board is not heard
  readonly sla = signal(false);             // a clock was seen: where nothing is promised, no place is kept for it
  readonly mirrored = signal(false);       // sides change places every night
  readonly orbit = signal(0);

  /** Alerts are the engine's word, so they hold while only a source is silent: that is one of the things they say. */
  readonly alertsOld = computed(() => {
    const { level, cause } = this.freshness.value;
    return this.feeds.alertState.value !== 'live' || (frozen(level) && cause !== 'source');
  });
  readonly deadlinesOld = computed(() =>
    this.feeds.deadlineState.value !== 'live' || frozen(this.freshness.value.level));
  /** The instant for which countdowns are shown; stands still with them. */
  readonly deadlineTime = computed(() => Math.min(this.ticking.value, this.feeds.deadlinesHeldAt.value));

  private readonly view: ViewState;
  private readonly clock: ServerClock;
  private readonly link: Link;
  private readonly judge = new Judge();
  private readonly order = new TileOrder();
  private down = false;
  private heartbeat = 2_000;
  private trustedAt: number;                // monotonic; last frame that came while the state was trusted
  private engineLag = 0;
  private resyncAt = -Infinity;
  private build = '';
  private catalogueDue = 0;
  private readonly startedAt: number;
  private readonly bornAt: number;

  constructor(readonly world: Surroundings, readonly asked: Parameters) {
    this.format = new Format(asked.locale);
    this.cells = new Cells((run) => world.frame(() => { run(); this.judgeAll(); }));
    this.trends = new Trends(this.cells, world.get);
    this.view = new ViewState(asked.view, this.cells);
    this.clock = new ServerClock(() => world.monotonic(), () => world.wall());
    this.link = new Link(world, {
      frame: (frame) => this.receive(frame),
      down: () => { this.down = true; this.view.lost(); this.trends.missed(); this.feeds.lost(); },
      refused: (why) => { this.refusal.value = why; },
    });
    this.feeds = new Feeds({
      send: (op) => this.link.send(op),
      now: () => this.clock.now(),
      ring: (alert) => world.sound.ring(alert.severity),
    });
    this.startedAt = this.trustedAt = world.monotonic();
    this.bornAt = world.wall();
    this.tenant.value = asked.tenant;
  }

  start(): void {
    this.link.start();
    this.second();
  }

  hurry(): void { this.link.hurry(); }

  /** Which column of a windowed KPI this view offers, and the window's name; the first choice when none. */
  column(row: string, kpi: string, prefer: string[] = windows): { column: string; window: string } {
    for (const window of prefer) {
      if (this.cells.of(row, `${kpi}@${window}`).value !== undefined) return { column: `${kpi}@${window}`, window };
    }
    return { column: `${kpi}@${prefer[0]!}`, window: prefer[0]! };
  }

  /** Of a live KPI as it is now, of another in the window that this view offers. */
  value(row: string, kpi: string, prefer?: string[]): number | null | undefined {
    const now = this.cells.number(row, kpi);
    return now === undefined ? this.cells.number(row, this.column(row, kpi, prefer).column) : now;
  }

  name(row: string): string {
    if (row === 'tenant') return strings.band.tenant;
    return this.cells.text(row, 'name') ?? displayName(row);
  }

  /** No source of this queue tells of callers who wait, but one does of tickets: then these are what it shows. */
  ofTickets(row: string): boolean {
    return Number.isNaN(this.cells.number(row, 'waiting')) && (this.cells.number(row, 'backlog') ?? NaN) >= 0;
  }

  /** Why a number is not available, as far as it is known. */
  untold(kpi: string): string { return strings.untold(Object.keys(this.catalogue.value.get(kpi)?.not_told_by ?? {}).join(', ')); }

  /** What of a queue is judged, and defined on its card. */
  kpis(row: string): string[] { return this.ofTickets(row) ? ticketKpis : queueKpis; }

  private receive(frame: Frame): void {
    if (frame.t === 'hello') return this.hello(frame);
    if (frame.t === 'err' && (frame.code === 'unknown_view' || frame.code === 'unknown_tenant')) {
      this.refusal.value = frame.message || frame.code;
    }
    if (frame.t === 'unsub' && frame.view === this.view.name) this.refusal.value = frame.reason;
    if (frame.t === 'hb') {
      this.clock.sample(frame.now);
      const mine = frame.v?.[this.view.name];
      if (mine) this.engineLag = Math.max(0, frame.now - mine.asof);
    }
    this.feeds.receive(frame);
    const verdict = this.view.accept(frame);
    if (verdict === 'resync') this.resync();
    if (this.view.trusted) {
      this.trustedAt = this.world.monotonic();
      this.asof.value = this.view.asof;
      if (!this.started.peek()) this.started.value = true;
    }
  }

  private hello(frame: Frame & { t: 'hello' }): void {
    if (this.build && frame.build !== this.build) return this.world.reload();
    this.build = frame.build;
    this.down = false;
    this.heartbeat = frame.hb_ms || this.heartbeat;
    this.engineLag = 0;
    this.clock.sample(frame.now);
    this.refusal.value = '';
    if (frame.tenant) this.tenant.value = frame.tenant;
    const from = this.view.begin(frame.epoch);
    this.resyncAt = this.world.monotonic();
    this.link.send({ op: 'sub', view: this.view.name, hz: 4, ...(from ? { from } : {}) });
    this.feeds.begin();
    this.catalogueDue = 0;
  }

  private resync(): void {
    const now = this.world.monotonic();
    if (now - this.resyncAt < 1_500) return;  // the heartbeat's check asks again
    this.resyncAt = now;
    this.link.send({ op: 'resync', view: this.view.name });
  }

  private second(): void {
    this.link.check();
    const monotonic = this.world.monotonic();
    if (this.view.waitingSnapshot && !this.down) this.resync();
    const server = this.clock.now();
    const seconds = Math.floor(server / 1000) * 1000;
    batch(() => {
      this.now.value = seconds;
      this.skew.value = Math.abs(this.clock.skew()) > 5_000 ? this.clock.skew() : 0;
      const freshness = this.assess(monotonic, server);
      const before = this.freshness.peek();
      // Nobody is shown the age of what is fresh, so it must not redraw the board.
      const sameAge = Math.floor(before.age / 1000) === Math.floor(freshness.age / 1000);
      if (before.level !== freshness.level || before.cause !== freshness.cause
        || (freshness.level !== 'fresh' && !sameAge)) this.freshness.value = freshness;
      if (!frozen(freshness.level)) this.ticking.value = seconds;
      this.judgeAll();
      const date = new Date(seconds);
      this.mirrored.value = Math.floor((seconds - date.getTimezoneOffset() * 60_000) / 86_400_000) % 2 === 1;
      this.dim.value = within(date.getHours(), this.asked.dim);
      this.quiet.value = within(date.getHours(), this.asked.quiet);
      this.feeds.second(server);
      if (!this.sla.peek()) this.sla.value = this.promises();
      this.orbit.value = Math.floor(monotonic / 180_000) % 25;
    });
    if (this.started.peek() && this.view.trusted && !frozen(this.freshness.peek().level)) {
      this.trends.tick(server);
      if (server >= this.catalogueDue) void this.readCatalogue(server);
    }
    const silent = this.quiet.peek() || frozen(this.freshness.peek().level);
    this.world.sound.second(monotonic, this.feeds.unattended(), silent);
    this.renew(monotonic);
    this.world.after(Math.max(50, 1000 - (this.clock.now() % 1000)), () => this.second());
  }

  private promises(): boolean {
    const known = (column: string) => this.cells.number('tenant', column);
    return Boolean(this.feeds.deadlines.peek()?.total || known('sla_overdue') || known('sla_at_risk')
      || (known('sla_compliance@today') ?? NaN) >= 0);
  }

  private assess(monotonic: number, server: number): Freshness {
    const linkAge = this.started.peek() ? monotonic - this.trustedAt : monotonic - this.startedAt;
    const link: Freshness = { level: linkLevel(linkAge, this.down, this.heartbeat), cause: 'link', age: linkAge };
    if (!this.started.peek()) return link.level === 'fresh' ? { ...link, level: 'late' } : link;
    const engine: Freshness = { level: engineLevel(this.engineLag), cause: 'engine', age: this.engineLag };
    const last = this.view.lastEvent;
    const sourceAge = last === null ? null : Math.max(0, server - last);
    const idle = !this.cells.number('tenant', 'agents_logged_in') && !this.cells.number('tenant', 'waiting');
    const heard = this.view.heartbeats > 0;
    const source: Freshness = {
      level: heard ? sourceLevel(sourceAge, idle) : 'fresh', cause: 'source', age: sourceAge ?? -1,
    };
    return worst([link, engine, source]);
  }

  private judgeAll(): void {
    if (!this.started.peek()) return;
    const rows = this.cells.rows('queue').peek();
    const now = this.clock.now();
    const breaches: Breach[] = [];
    if (frozen(this.freshness.peek().level)) {
      this.judge.clear();
    } else {
      for (const row of rows) this.judgeRow(row, this.kpis(row), now, breaches);
      this.judgeRow('tenant', tenantKpis, now, breaches);
    }
    const severities = new Map<string, Severity>();
    for (const breach of breaches) {
      const key = `${breach.row} ${breach.kpi}`;
      severities.set(key, breach.severity);
      const soFar = severities.get(breach.row) ?? 'none';
      severities.set(breach.row, rank[breach.severity] > rank[soFar] ? breach.severity : soFar);
    }
    this.publish(rows, severities, breaches, now);
  }

  private publish(rows: string[], severities: Map<string, Severity>, breaches: Breach[], now: number): void {
    batch(() => {
      const before = this.severities.peek();
      let same = before.size === severities.size;
      for (const [key, severity] of severities) same &&= before.get(key) === severity;
      if (!same) this.severities.value = severities;
      const placed = rows.map((key) => ({
        key, name: this.name(key), severity: severities.get(key) ?? 'none',
      }));
      const order = this.order.arrange(placed, now);
      if (order !== this.queues.peek()) {
        this.queues.value = order;
        this.trends.keep(order);
      }
      const speech = speak(breaches, (row) => this.name(row), this.catalogue.peek(), this.format);
      const said = this.speech.peek();
      if (speech?.words !== said?.words || speech?.severity !== said?.severity || speech?.more !== said?.more) {
        this.speech.value = speech;
      }
    });
  }

  private judgeRow(row: string, kpis: string[], now: number, into: Breach[]): void {
    const catalogue = this.catalogue.peek();
    for (const kpi of kpis) {
      const value = this.value(row, kpi, row === 'tenant' ? ['today', ...windows] : windows);
      const breach = this.judge.judge(catalogue, row, kpi, value, now);
      if (breach && breach.severity !== 'none') into.push(breach);
    }
  }

  private async readCatalogue(now: number): Promise<void> {
    this.catalogueDue = now + 15_000;
    try {
      const answer = (await this.world.get('v1/kpis', {})) as { kpis: Kpi[] };
      this.catalogue.value = new Catalogue(answer.kpis);
      this.catalogueDue = now + 600_000;
    } catch {
      // Colourless until it is known; asked again.
    }
  }

  /** A page that runs for months starts afresh once a night, and only while the server is there to serve it. */
  private renew(monotonic: number): void {
    if (monotonic - this.startedAt < 3_600_000 || this.freshness.peek().level !== 'fresh') return;
    const wall = new Date(this.world.wall());
    const minute = wall.getHours() * 60 + wall.getMinutes();
    const planned = 4 * 60 - 20 + (this.bornAt % 40);
    if (minute === planned) this.world.reload();
  }

  /** "0:12" and the like for an age in milliseconds. */
  age(ms: number | null | undefined): string { return duration(ms); }
}
