// The staleness ladder: how old may a number be before the page must say so. Ages in milliseconds. Pure.
//
// Three things can fall silent and each has its own words on the page:
//   link    no frame, or none that could be trusted, reaches this page
//   engine  heartbeats arrive, but the numbers they vouch for stand still
//   source  the engine is well, but no event reaches it

export type Level = 'fresh' | 'late' | 'stale' | 'dead';
export type Cause = 'link' | 'engine' | 'source';

export interface Freshness {
  level: Level;
  cause: Cause;
  age: number;
}

const order: Level[] = ['fresh', 'late', 'stale', 'dead'];

const late = 3_000;
const stale = 15_000;
const dead = 60_000;

/**
 * A closed connection is dead as soon as it is late: the grace lets a server restart pass unseen. Slow
 * heartbeats stretch the first two steps, never the last.
 */
export function linkLevel(age: number, down: boolean, heartbeat: number): Level {
  if (age > dead) return 'dead';
  if (age > Math.max(stale, 5 * heartbeat)) return down ? 'dead' : 'stale';
  if (age > Math.max(late, 1.5 * heartbeat)) return down ? 'dead' : 'late';
  return 'fresh';
}

export function engineLevel(lag: number): Level {
  return lag > dead ? 'dead' : lag > stale ? 'stale' : lag > late ? 'late' : 'fresh';
}

/**
 * Events come when people call, so silence is judged more slowly than heartbeats. With nobody logged in and
 * nobody waiting, silence is what a well source looks like too: it is mentioned, no more.
 */
export function sourceLevel(age: number | null, idle: boolean): Level {
  if (age === null) return 'late';
  if (age <= 60_000) return 'fresh';
  if (idle) return 'late';
  return age > 600_000 ? 'dead' : age > 180_000 ? 'stale' : 'late';
}

/** The worst of several; on a tie the first one named is the reason given. */
export function worst(all: Freshness[]): Freshness {
  return all.reduce((a, b) => (order.indexOf(b.level) > order.indexOf(a.level) ? b : a));
}

/** From here on timers stand still, colour is gone and thresholds are not judged. */
export function frozen(level: Level): boolean {
  return level === 'stale' || level === 'dead';
}
