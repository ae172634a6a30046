// What the page holds of one view, and the rules by which frames may change it.
//
// A delta applies only to the state it was made from (prev = our seq); anything else asks for a new snapshot.
// `trusted` says that since the connection began a snapshot arrived or a checksum matched: only then may the
// page show its numbers as live. Pure: no clock, no socket.
import { checksum } from './checksum';
import type { Frame, RawRows } from './frame';

/** Told about each cell that really changed; raw is JSON text, undefined when the cell is gone. */
export interface CellSink {
  cell(row: string, column: string, raw: string | undefined): void;
}

export type Verdict = 'applied' | 'resync' | 'ignored';

/** Heartbeats in a row that may be ahead of us (deltas conflated or under way) before we ask for a snapshot. */
const heartbeatsAhead = 3;

export class ViewState {
  epoch = '';
  seq = -1;
  asof = 0;
  lastEvent: number | null = null;
  trusted = false;
  rows: RawRows = new Map();
  private waiting = false;  // for the snapshot we asked for
  private ahead = 0;

  constructor(readonly name: string, private readonly sink: CellSink) {}

  /** Heartbeats that spoke of this view since the connection began. */
  heartbeats = 0;

  get empty(): boolean { return this.seq < 0; }
  get waitingSnapshot(): boolean { return this.waiting && !this.empty; }

  /** A new connection. Returns where to resume from, or nothing when the server's state is another one. */
  begin(epoch: string): { epoch: string; seq: number } | undefined {
    const resume = !this.empty && epoch === this.epoch ? { epoch, seq: this.seq } : undefined;
    this.epoch = epoch;
    this.trusted = false;
    this.waiting = resume === undefined;
    this.ahead = 0;
    this.heartbeats = 0;
    return resume;
  }

  lost(): void { this.trusted = false; }

  accept(frame: Frame): Verdict {
    switch (frame.t) {
      case 'snap': return frame.view === this.name ? this.snapshot(frame) : 'ignored';
      case 'delta': return frame.view === this.name ? this.delta(frame) : 'ignored';
      case 'hb': return this.heartbeat(frame);
      default: return 'ignored';
    }
  }

  private snapshot(frame: Frame & { t: 'snap' }): Verdict {
    for (const [row, cells] of this.rows) {
      const next = frame.d.get(row);
      for (const column of cells.keys()) {
        if (!next?.has(column)) this.sink.cell(row, column, undefined);
      }
    }
    for (const [row, cells] of frame.d) {
      const before = this.rows.get(row);
      for (const [column, raw] of cells) {
        if (before?.get(column) !== raw) this.sink.cell(row, column, raw);
      }
    }
    this.rows = frame.d;
    this.seq = frame.seq;
    this.asof = frame.asof;
    this.trusted = true;
    this.waiting = false;
    this.ahead = 0;
    return 'applied';
  }

  private delta(frame: Frame & { t: 'delta' }): Verdict {
    if (this.waiting) return 'ignored';
    if (frame.prev !== this.seq) return this.doubt();
    for (const row of frame.del ?? []) {
      const cells = this.rows.get(row);
      if (!cells) continue;
      for (const column of cells.keys()) this.sink.cell(row, column, undefined);
      this.rows.delete(row);
    }
    for (const [row, cells] of frame.set ?? []) {
      let held = this.rows.get(row);
      if (!held) this.rows.set(row, held = new Map());
      for (const [column, raw] of cells) {
        if (held.get(column) === raw) continue;
        held.set(column, raw);
        this.sink.cell(row, column, raw);
      }
    }
    this.seq = frame.seq;
    this.asof = frame.asof;
    this.ahead = 0;
    return 'applied';
  }

  private heartbeat(frame: Frame & { t: 'hb' }): Verdict {
    const mine = frame.v?.[this.name];
    if (!mine || this.waiting || this.empty) return 'ignored';
    this.lastEvent = mine.last_event ?? null;
    this.heartbeats++;
    if (mine.seq !== this.seq) return ++this.ahead >= heartbeatsAhead ? this.doubt() : 'ignored';
    this.ahead = 0;
    if (mine.crc !== undefined) {
      if (mine.crc !== checksum(this.rows)) return this.doubt();
      this.trusted = true;
    }
    this.asof = mine.asof;
    return 'applied';
  }

  private doubt(): Verdict {
    this.trusted = false;
    this.waiting = true;
    return 'resync';
  }
}
