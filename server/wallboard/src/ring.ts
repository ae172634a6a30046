// Thirty minutes of one number in slices of fixed length. Fixed memory, no allocation while it runs. Times are
// epoch milliseconds; NaN means nothing is known of that slice, which is drawn as a gap and never as zero.

export class Ring {
  readonly values: Float64Array;
  private newest = -1;  // slice number of the last value

  constructor(readonly length: number, readonly step: number) {
    this.values = new Float64Array(length).fill(NaN);
  }

  /** Counts up whenever a value changed, so that drawing can be skipped. */
  version = 0;

  /** Takes a series as the server tells it: values[i] holds for [from + i·step, from + (i+1)·step). */
  load(from: number, values: (number | null)[]): void {
    this.values.fill(NaN);
    const first = Math.floor(from / this.step);
    this.newest = first + values.length - 1;
    values.forEach((value, i) => {
      if (i >= values.length - this.length) this.values[this.place(first + i)] = value ?? NaN;
    });
    this.version++;
  }

  /** The value of the slice that holds `now`; slices skipped on the way stay unknown. */
  put(now: number, value: number | null): void {
    const slice = Math.floor(now / this.step);
    this.advance(slice);
    if (slice !== this.newest) return;
    const number = value ?? NaN;
    const place = this.place(slice);
    if (Object.is(this.values[place], number)) return;
    this.values[place] = number;
    this.version++;
  }

  /** The i-th value, oldest first. */
  at(i: number): number {
    return this.newest < 0 ? NaN : this.values[this.place(this.newest - this.length + 1 + i)]!;
  }

  /** Epoch milliseconds at which the i-th slice ends. */
  end(i: number): number {
    return (this.newest - this.length + 2 + i) * this.step;
  }

  get last(): number { return this.at(this.length - 1); }

  private advance(slice: number): void {
    if (slice <= this.newest) return;
    const from = Math.max(this.newest + 1, slice - this.length + 1);
    for (let s = from; s <= slice; s++) this.values[this.place(s)] = NaN;
    this.newest = slice;
    this.version++;
  }

  private place(slice: number): number {
    return ((slice % this.length) + this.length) % this.length;
  }
}

/** Turns a counter since midnight into what happened in each slice. */
export class SliceCounter {
  private slice = -1;
  private base = 0;
  private told: { slice: number; counted: number } | undefined;

  constructor(private readonly step: number) {}

  /** The server has counted `counted` so far in this slice; the total may be known only later. */
  start(slice: number, counted: number): void {
    this.slice = -1;
    this.told = { slice, counted };
  }

  count(now: number, total: number): number {
    const slice = Math.floor(now / this.step);
    if (slice !== this.slice || total < this.base) {
      this.slice = slice;
      this.base = total - (this.told?.slice === slice ? this.told.counted : 0);
      this.told = undefined;
    }
    return total - this.base;
  }
}
