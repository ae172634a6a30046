// One frame of kpi.v1.json, read without losing the text of its numbers.
//
// The heartbeat's checksum covers every cell exactly as it was written on the wire, and JSON.parse forgets
// that ("80.0" becomes 80). So the cells under "d" and "set" stay raw text; all else is parsed as usual.

import type { ChangeFrame, GapFrame, StateFrame } from './alerts';
import type { DeadlineFrame } from './deadlines';

/** Rows of raw cells: row key → column → JSON text. */
export type RawRows = Map<string, Map<string, string>>;

export interface HeartbeatView {
  seq: number;
  asof: number;
  last_event: number | null;
  /** Absent when what was sent is no longer the server's present state. */
  crc?: string;
}

export type Frame =
  | { t: 'hello'; conn: string; epoch: string; now: number; hb_ms: number; build: string; tenant?: string }
  | { t: 'snap'; view: string; seq: number; asof: number; d: RawRows }
  | { t: 'delta'; view: string; prev: number; seq: number; asof: number; set?: RawRows; del?: string[] }
  | { t: 'hb'; now: number; v: Record<string, HeartbeatView> }
  | { t: 'ok'; id: number }
  | { t: 'err'; id: number; code: string; message: string }
  | { t: 'unsub'; view: string; reason: string }
  | StateFrame | ChangeFrame | GapFrame | DeadlineFrame
  | { t: 'bye'; reason: string; retry_ms?: [number, number] };

/** Throws SyntaxError when the text is not one JSON object. Unknown fields and kinds pass through. */
export function readFrame(text: string): Frame {
  const reader = new Reader(text);
  const frame: Record<string, unknown> = {};
  reader.object((key) => {
    frame[key] = key === 'd' || key === 'set' ? reader.rows() : JSON.parse(reader.raw());
  });
  reader.end();
  return frame as unknown as Frame;
}

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  object(member: (key: string) => void): void {
    this.expect('{');
    if (this.peek() === '}') { this.at++; return; }
    for (;;) {
      const key = JSON.parse(this.string()) as string;
      this.expect(':');
      member(key);
      if (this.peek() === '}') { this.at++; return; }
      this.expect(',');
    }
  }

  rows(): RawRows {
    const rows: RawRows = new Map();
    this.object((row) => {
      const cells = new Map<string, string>();
      this.object((column) => { cells.set(column, this.raw()); });
      rows.set(row, cells);
    });
    return rows;
  }

  /** The text of the next value, whatever it is. */
  raw(): string {
    const first = this.peek();
    const from = this.at;
    if (first === '"') return this.string();
    if (first === '{' || first === '[') {
      let depth = 0;
      do {
        const c = this.text[this.at];
        if (c === undefined) this.fail();
        if (c === '"') { this.string(); continue; }
        if (c === '{' || c === '[') depth++;
        if (c === '}' || c === ']') depth--;
        this.at++;
      } while (depth > 0);
      return this.text.slice(from, this.at);
    }
    while (this.at < this.text.length && !',}] \t\r\n'.includes(this.text[this.at]!)) this.at++;
    if (this.at === from) this.fail();
    return this.text.slice(from, this.at);
  }

  end(): void {
    if (this.peek() !== undefined) this.fail();
  }

  private string(): string {
    if (this.peek() !== '"') this.fail();
    const from = this.at++;
    for (;;) {
      const c = this.text[this.at++];
      if (c === undefined) this.fail();
      if (c === '\\') this.at++;
      else if (c === '"') return this.text.slice(from, this.at);
    }
  }

  private expect(c: string): void {
    if (this.peek() !== c) this.fail();
    this.at++;
  }

  private peek(): string | undefined {
    while (this.at < this.text.length && ' \t\r\n'.includes(this.text[this.at]!)) this.at++;
    return this.text[this.at];
  }

  private fail(): never {
    throw new SyntaxError(`not a frame, at character ${this.at}`);
  }
}
