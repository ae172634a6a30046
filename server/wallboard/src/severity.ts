// When a number takes on colour, and when it gives it back. Pure: time is an argument, milliseconds.
//
// A level is entered at its threshold and left only after the value has been clear of 90 % of the way to the
// threshold for ten seconds, so that a value which sits on the line does not blink.
import type { Limits } from './catalogue';

export type Severity = 'none' | 'warn' | 'crit';

export const rank: Record<Severity, number> = { none: 0, warn: 1, crit: 2 };

const hold = 10_000;
const way = 0.9;

export interface Rule {
  warn: number | null;
  crit: number | null;
  /** True when a larger value is the worse one. */
  up: boolean;
  /** Where the scale starts: the good end, from which "90 % of the way" is measured. */
  origin: number;
}

export function rule(limits: Required<Limits>, direction: string, unit: string): Rule | undefined {
  const { warn, crit } = limits;
  if (warn === null && crit === null) return undefined;
  const both = warn !== null && crit !== null && warn !== crit;
  const up = both ? crit > warn : direction !== 'higher';
  // The good end of a percentage that should be high is 100; of anything else that should be high there is
  // none, so the same distance is taken beyond the threshold.
  const origin = up ? 0 : unit === 'percent' ? 100 : 2 * Math.max(warn ?? 0, crit ?? 0);
  return { warn, crit, up, origin };
}

/** A target that is just met is met: eighty of eighty percent is no breach, ten of at most ten callers is. */
function beyond(value: number, threshold: number | null, up: boolean): boolean {
  return threshold !== null && (up ? value >= threshold : value < threshold);
}

function level(value: number, by: Rule, share: number): Severity {
  const at = (threshold: number | null) =>
    threshold === null ? null : by.origin + (threshold - by.origin) * share;
  if (beyond(value, at(by.crit), by.up)) return 'crit';
  return beyond(value, at(by.warn), by.up) ? 'warn' : 'none';
}

/** The severity of one number of one row over time. */
export class Judgement {
  severity: Severity = 'none';
  since = 0;
  private clearSince: number | undefined;

  /** value null: no data, which is no breach, but ends one only after the same ten seconds. */
  judge(value: number | null, by: Rule, now: number): Severity {
    const entered = value === null ? 'none' : level(value, by, 1);
    if (rank[entered] > rank[this.severity]) return this.take(entered, now);
    const kept = value === null ? 'none' : level(value, by, way);
    if (rank[kept] >= rank[this.severity]) {
      this.clearSince = undefined;
    } else {
      this.clearSince ??= now;
      if (now - this.clearSince >= hold) return this.take(kept, now);
    }
    return this.severity;
  }

  private take(severity: Severity, now: number): Severity {
    this.severity = severity;
    this.since = now;
    this.clearSince = undefined;
    return severity;
  }
}
