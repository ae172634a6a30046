// The server's time as this page knows it, on the page's monotonic clock, so that a wrong or stepping clock of
// the screen changes no timer. Milliseconds.
//
// A sample can only be late by the way it took, never early, so the largest recent difference is the truest.

const kept = 8;

export class ServerClock {
  private readonly differences = new Float64Array(kept).fill(-Infinity);
  private next = 0;
  private difference: number;

  constructor(private readonly monotonic: () => number, private readonly wall: () => number) {
    this.difference = wall() - monotonic();
  }

  sample(serverNow: number): void {
    this.differences[this.next++ % kept] = serverNow - this.monotonic();
    this.difference = Math.max(...this.differences);
  }

  now(): number { return this.monotonic() + this.difference; }

  /** How far the screen's own clock is ahead of the server's. */
  skew(): number { return this.wall() - this.now(); }
}
