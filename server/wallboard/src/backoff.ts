// How long to wait before the next attempt to connect: full jitter, doubling to a cap, forgiven only after the
// connection held for a while. A server that says goodbye names the interval itself, so that twenty thousand
// screens do not come back in the same second. Milliseconds throughout. Pure.

const base = 500;
const cap = 15_000;
const healthy = 30_000;

export class Backoff {
  private failures = 0;
  private asked: [number, number] | undefined;

  constructor(private readonly random: () => number) {}

  /** The connection ended after it had been open for this long (0: never opened). */
  closed(openFor: number): number {
    if (openFor >= healthy) this.failures = 0;
    if (this.asked) {
      const [from, to] = this.asked;
      this.asked = undefined;
      return from + this.random() * Math.max(0, to - from);
    }
    const ceiling = Math.min(cap, base * 2 ** Math.min(this.failures++, 10));
    return this.random() * ceiling;
  }

  /** The server's own wish, for the next attempt only. */
  ask(interval: [number, number]): void { this.asked = interval; }
}
