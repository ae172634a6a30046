// The cells of the view as signals, so that a frame touches only the text that shows what changed.
//
// Frames write at once into a list of pending cells; the signals take them in one batch per animation frame
// (one per second in a hidden tab, where there are no animation frames), the last value of a cell winning.
import { batch, signal, type Signal } from '@preact/signals';
import type { CellSink } from './view_state';

export type Value = number | string | boolean | null | undefined;

/** Rows by the kind of their key: "queue/sales" is of the kind "queue", "tenant" of the kind "tenant". */
export class Cells implements CellSink {
  private readonly signals = new Map<string, Map<string, Signal<Value>>>();
  private readonly kinds = new Map<string, Signal<string[]>>();
  private readonly present = new Map<string, number>();  // cells each row has; none: the row is gone
  private pending = new Map<string, Map<string, string | undefined>>();
  private scheduled = false;

  constructor(private readonly schedule: (run: () => void) => void) {}

  cell(row: string, column: string, raw: string | undefined): void {
    let cells = this.pending.get(row);
    if (!cells) this.pending.set(row, cells = new Map());
    cells.set(column, raw);
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => this.flush());
  }

  flush(): void {
    this.scheduled = false;
    if (this.pending.size === 0) return;
    const changes = this.pending;
    this.pending = new Map();
    batch(() => {
      for (const [row, cells] of changes) {
        for (const [column, raw] of cells) this.take(row, column, raw);
        if (this.present.get(row) === 0) this.forget(row);
      }
    });
  }

  of(row: string, column: string): Signal<Value> {
    let cells = this.signals.get(row);
    if (!cells) this.signals.set(row, cells = new Map());
    let cell = cells.get(column);
    if (!cell) cells.set(column, cell = signal<Value>(undefined));
    return cell;
  }

  /** NaN: no source of this scope can tell. */
  number(row: string, column: string): number | null | undefined {
    const value = this.of(row, column).value;
    if (value === 'not_available') return NaN;
    return typeof value === 'number' || value === null ? value : undefined;
  }

  text(row: string, column: string): string | undefined {
    const value = this.of(row, column).value;
    return typeof value === 'string' ? value : undefined;
  }

  rows(kind: string): Signal<string[]> {
    let rows = this.kinds.get(kind);
    if (!rows) this.kinds.set(kind, rows = signal<string[]>([]));
    return rows;
  }

  private take(row: string, column: string, raw: string | undefined): void {
    const cell = this.of(row, column);
    const before = cell.peek();
    const value = raw === undefined ? undefined : (JSON.parse(raw) as Value);
    if (before === undefined && value !== undefined) this.count(row, 1);
    if (before !== undefined && value === undefined) this.count(row, -1);
    cell.value = value;
  }

  private count(row: string, by: number): void {
    const cells = this.present.get(row) ?? 0;
    this.present.set(row, cells + by);
    if (cells > 0) return;
    const rows = this.rows(kindOf(row));
    if (!rows.peek().includes(row)) rows.value = [...rows.peek(), row].sort();
  }

  private forget(row: string): void {
    this.present.delete(row);
    if (row !== 'tenant') this.signals.delete(row);  // its cells are held by parts that never go away
    const rows = this.rows(kindOf(row));
    rows.value = rows.peek().filter((key) => key !== row);
  }
}

function kindOf(row: string): string {
  const slash = row.indexOf('/');
  return slash < 0 ? row : row.slice(0, slash);
}
