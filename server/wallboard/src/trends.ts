// The last thirty minutes behind the lines: read from /v1/trend, then continued live from the stream, and read
// again every five minutes so that late corrections show.
import { signal } from '@preact/signals';
import type { Cells } from './cells';
import { Ring, SliceCounter } from './ring';

interface Trend {
  from: number;
  step_ms: number;
  values: Record<string, (number | null)[]>;  // or a word where nobody can tell, which is drawn as null is
}

export type Get = (path: string, query: Record<string, string>) => Promise<unknown>;

const again = 300_000;
const soon = 30_000;  // for what the stream cannot continue, and after a failure

/** Lines of one scope: some are levels, some count what happened since midnight, some are only ever read. */
class ScopeTrend {
  readonly rings = new Map<string, Ring>();
  private readonly counters = new Map<string, SliceCounter>();
  /** Bumped when any line changed. */
  readonly version = signal(0);
  due = 0;

  constructor(
    readonly scope: string, readonly step: number, readonly minutes: number,
    private readonly levels: string[], private readonly counts: string[], private readonly read: string[],
  ) {
    for (const kpi of this.kpis()) this.rings.set(kpi, new Ring(minutes * 60_000 / step, step));
    for (const kpi of counts) this.counters.set(kpi, new SliceCounter(step));
  }

  kpis(): string[] { return [...this.levels, ...this.counts, ...this.read]; }
  /** The newest slice is still being counted: drawn, it would look like a fall. */
  get open(): boolean { return this.counts.length > 0; }
  get interval(): number { return this.read.length > 0 ? soon : again; }

  load(trend: Trend, cells: Cells, now: number): void {
    if (trend.step_ms !== this.step) return;
    for (const kpi of this.kpis()) this.rings.get(kpi)!.load(trend.from, trend.values[kpi] ?? []);
    for (const kpi of this.counts) {
      const values = trend.values[kpi] ?? [];
      const slice = Math.floor(trend.from / this.step) + values.length - 1;
      this.counters.get(kpi)!.start(slice, Number(values[values.length - 1]) || 0);
    }
    this.tick(cells, now);
    this.version.value++;
  }

  tick(cells: Cells, now: number): void {
    let changes = 0;
    for (const ring of this.rings.values()) changes -= ring.version;
    for (const kpi of this.levels) {
      const value = cells.of(this.scope, kpi).peek();
      this.rings.get(kpi)!.put(now, typeof value === 'number' ? value : null);
    }
    for (const kpi of this.counts) {
      const total = cells.of(this.scope, `${kpi}@today`).peek();
      if (typeof total === 'number') this.rings.get(kpi)!.put(now, this.counters.get(kpi)!.count(now, total));
    }
    for (const ring of this.rings.values()) changes += ring.version;
    if (changes > 0) this.version.value++;
  }
}

export type { ScopeTrend };

export class Trends {
  readonly volume = new ScopeTrend('tenant', 60_000, 30, [], ['offered', 'abandoned'], []);
  readonly serviceLevel = new ScopeTrend('tenant', 300_000, 30, [], [], ['service_level']);
  private readonly queues = new Map<string, ScopeTrend>();
  private busy = false;

  constructor(private readonly cells: Cells, private readonly get: Get) {}

  queue(scope: string, tickets = false): ScopeTrend {
    const [level, came] = tickets ? ['backlog', 'tickets_created'] as const : ['waiting', 'offered'] as const;
    let trend = this.queues.get(scope);
    if (!trend?.rings.has(level)) this.queues.set(scope, trend = new ScopeTrend(scope, 30_000, 30, [level], [came], []));
    return trend;
  }

  /** Once a second while the numbers are live. */
  tick(now: number): void {
    const all = [this.volume, this.serviceLevel, ...this.queues.values()];
    for (const trend of all) trend.tick(this.cells, now);
    if (!this.busy) void this.read(all.filter((trend) => now >= trend.due), now);
  }

  /** After an outage: the gap is in the server's memory, not in ours. */
  missed(): void {
    for (const trend of [this.volume, this.serviceLevel, ...this.queues.values()]) trend.due = 0;
  }

  keep(scopes: string[]): void {
    for (const scope of this.queues.keys()) if (!scopes.includes(scope)) this.queues.delete(scope);
  }

  /** One after the other, so that a wall of screens does not ask for everything at once. */
  private async read(due: ScopeTrend[], now: number): Promise<void> {
    this.busy = true;
    for (const trend of due) await this.fetch(trend, now);
    this.busy = false;
  }

  private async fetch(trend: ScopeTrend, now: number): Promise<void> {
    trend.due = now + soon;
    try {
      const answer = await this.get('v1/trend', {
        scope: trend.scope,
        kpi: trend.kpis().join(','),
        minutes: String(trend.minutes),
        step: trend.step % 60_000 === 0 ? `${trend.step / 60_000}m` : `${trend.step / 1000}s`,
      });
      trend.load(answer as Trend, this.cells, now);
      trend.due = now + trend.interval;
    } catch {
      // Lines grow live meanwhile; asked again soon.
    }
  }
}
