// The order of the queue tiles: worst first, then by name. A tile moves only because its severity changed, and
// the whole board moves at most once in ten seconds: eyes that know a place must find it again. Pure.
import { rank, type Severity } from './severity';

const pause = 10_000;

export interface Placed {
  key: string;
  name: string;
  severity: Severity;
}

export class TileOrder {
  private order: string[] = [];
  private moved = -Infinity;

  arrange(rows: Placed[], now: number): string[] {
    const wanted = [...rows]
      .sort((a, b) => rank[b.severity] - rank[a.severity] || a.name.localeCompare(b.name))
      .map((row) => row.key);
    const same = wanted.length === this.order.length
      && wanted.every((key, i) => key === this.order[i]);
    if (same) return this.order;

    // Rows that came or went must show at once; what stays keeps its place until a move is due.
    const members = new Set(wanted);
    const kept = this.order.filter((key) => members.has(key));
    const membership = kept.length !== this.order.length || kept.length !== wanted.length;
    if (membership || now - this.moved >= pause) {
      if (!membership) this.moved = now;
      this.order = wanted;
    }
    return this.order;
  }
}
