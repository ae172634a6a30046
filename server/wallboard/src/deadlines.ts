// The next deadlines of SLA clocks, and what a countdown says at an instant. Pure: time is an argument, milliseconds
// of the server's clock.
//
// The server sends deadlines, never remaining times: the page counts. A clock that a status has paused has no
// deadline and stands still; outside business hours it has one, stands still until the hours begin, and says so.

/** One deadline as the stream tells it (docs/stream.md). */
export interface Deadline {
  record: { kind: string; id: string };
  clock: string;
  instance: number;
  policy: string;
  queue?: string;
  agent?: string;
  priority?: string;
  started_at: number;
  /** null: paused by a status. */
  deadline_at: number | null;
  target_ms: number;
  /** As of the frame's asof. */
  elapsed_ms: number;
  breached?: boolean;
  paused?: boolean;
  /** Outside business hours: when they begin again. */
  closed_until?: number;
  /** The last warning point passed, in percent of the target. */
  warned?: number;
}

export interface DeadlineFrame {
  t: 'deadlines';
  id?: number;
  scope: string;
  asof: number;
  total: number;
  overdue?: number;
  list: Deadline[];
}

export type Standing = 'overdue' | 'now' | 'soon' | 'running' | 'paused' | 'closed';

export interface Countdown {
  standing: Standing;
  /** Time left; of an overdue one the time since. */
  ms: number;
  /** Of the target, what is left: 0..1. */
  left: number;
  /** It does not tick: a pause, or outside business hours. */
  still: boolean;
}

/** A clock may be met in the very second of its deadline; the word of it takes a second more. */
const grace = 2_000;

export function countdown(deadline: Deadline, asof: number, now: number): Countdown {
  const { target_ms: target, deadline_at: due, elapsed_ms: elapsed } = deadline;
  const closed = deadline.closed_until !== undefined && now < deadline.closed_until;
  const paused = deadline.paused === true || due === null;
  const still = paused || closed;
  const remaining = still ? target - elapsed : (due ?? 0) - now;
  if (deadline.breached || (!still && remaining <= -grace)) {
    return { standing: 'overdue', ms: due === null ? Math.max(0, elapsed - target) : Math.max(0, now - due), left: 0, still: paused };
  }
  const ms = Math.max(0, remaining);
  // What has elapsed is measured in the clock's own hours, so the share may only be carried on while it runs.
  const used = elapsed + (still ? 0 : Math.max(0, now - asof));
  const left = target > 0 ? Math.min(1, Math.max(0, 1 - used / target)) : 0;
  if (paused) return { standing: 'paused', ms, left, still };
  if (closed) return { standing: 'closed', ms, left, still };
  if (remaining <= 0) return { standing: 'now', ms: 0, left: 0, still };
  return { standing: deadline.warned ? 'soon' : 'running', ms, left, still };
}

export function deadlineKey(deadline: Deadline): string {
  return `${deadline.record.kind}/${deadline.record.id}/${deadline.clock}/${deadline.instance}`;
}

/** Overdue first, the longest first; then as they fall due; paused ones last, the one with least left first. */
export function inOrder(list: Deadline[], asof: number, now: number): Deadline[] {
  const place = (deadline: Deadline): [number, number] => {
    const { standing, ms } = countdown(deadline, asof, now);
    if (standing === 'overdue') return [0, -ms];
    return standing === 'paused' ? [2, ms] : [1, deadline.deadline_at ?? 0];
  };
  return list
    .map((deadline) => ({ deadline, at: place(deadline) }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || (deadlineKey(a.deadline) < deadlineKey(b.deadline) ? -1 : 1))
    .map((entry) => entry.deadline);
}

export interface Cut {
  shown: Deadline[];
  /** Overdue ones that are not among them. */
  overdueMore: number;
  /** The others that are not among them. */
  more: number;
}

/**
 * What fits into so many rows. What can still be kept must be seen whatever lies behind, so overdue ones take at most
 * half while there are others, and then those that broke last.
 */
export function cut(frame: DeadlineFrame, rows: number, now: number): Cut {
  const ordered = inOrder(frame.list, frame.asof, now);
  const late = ordered.filter((deadline) => countdown(deadline, frame.asof, now).standing === 'overdue');
  const next = ordered.slice(late.length);
  const overdue = Math.max(frame.overdue ?? 0, late.length);
  const all = Math.max(frame.total, ordered.length);
  const most = next.length === 0 ? rows : Math.max(Math.floor(rows / 2), rows - next.length);
  const first = late.slice(Math.max(0, late.length - most));
  const then = next.slice(0, Math.max(0, rows - first.length));
  return {
    shown: [...first, ...then],
    overdueMore: overdue - first.length,
    more: Math.max(0, all - overdue - then.length),
  };
}
