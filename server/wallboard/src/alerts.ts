// What the page holds of the tenant's alerts, and the rules by which frames may change it. Pure: no clock, no socket.
//
// The state frame replaces everything; a change applies only if its number is the next one. A hole is a loss: it is
// said on the page, and the state is asked for again. `current` says that the state is one of this connection: only
// then may alerts be shown as live.

export type AlertSeverity = 'info' | 'warning' | 'critical';

/** One alert as the stream tells it (docs/stream.md), whole in every change; instants in ms of the server's clock, absent: not known. */
export interface Alert {
  key: string;
  name: string;
  scope: string;
  severity: AlertSeverity;
  state: string;
  step: string;
  episode: number;
  version: number;
  at: number;
  noticed: number;
  started: number;
  fired?: number;
  ended?: number;
  late?: boolean;
  summary?: string;
  reason?: string;
  by?: string;
  value?: number;
  threshold?: number;
  unit?: string;
  record?: { kind: string; id: string };
  due?: number;
  labels?: Record<string, string>;
  acknowledged?: { by?: string; at?: number };
  held_back?: string;
  /** The same in words. */
  held_why?: string;
}

export interface StateFrame { t: 'alerts'; number: number; active: Alert[] }
export interface ChangeFrame { t: 'alert'; number: number; change: Alert }
export interface GapFrame { t: 'gap'; from?: number; to?: number; reason?: string }

/** Changes that never reached this page. `to` is not known while they are still being lost. */
export interface Loss { from: number; to: number; at: number }

export const severityRank: Record<AlertSeverity, number> = { info: 0, warning: 1, critical: 2 };

/** How long an alert stays after its end, so that who looked away learns how it ended. */
const afterglow = { resolved: 30_000, rescinded: 60_000 };

/** Steps after which somebody should look up. */
const loudSteps = new Set(['fired', 'warned', 'escalated', 'no_data', 'released']);

export type Verdict = 'applied' | 'again' | 'ignored';

/** Seen on the wall: it fires, or did a moment ago. Of what is only pending, clocks past a warning point. */
export function visible(alert: Alert): boolean {
  return alert.state !== 'normal' && (alert.state !== 'pending' || alert.step === 'warned');
}

/** Nobody takes care of it, nothing holds it back, and it was not too old to be told. */
export function unattended(alert: Alert): boolean {
  return !ended(alert) && !alert.acknowledged && !alert.held_back && alert.step !== 'suppressed';
}

export function ended(alert: Alert): boolean {
  return alert.step === 'resolved' || alert.step === 'rescinded' || alert.state === 'normal';
}

export function since(alert: Alert): number { return alert.fired ?? alert.started; }

/** By severity, those that need somebody before the others, then by age, the newest first; what is over comes last, newest end first. */
export function compare(a: Alert, b: Alert): number {
  const rank = (alert: Alert) => (ended(alert) ? -1 : severityRank[alert.severity] * 2 + Number(unattended(alert)));
  if (rank(a) !== rank(b)) return rank(b) - rank(a);
  if (ended(a)) return (b.ended ?? b.at) - (a.ended ?? a.at) || (a.key < b.key ? -1 : 1);
  return since(b) - since(a) || (a.key < b.key ? -1 : 1);
}

/** What the page cannot do without, where a server leaves it out. */
function whole(alert: Alert): Alert {
  return { ...alert, noticed: alert.noticed ?? alert.at, scope: alert.scope ?? 'tenant', name: alert.name ?? alert.key, severity: alert.severity in severityRank ? alert.severity : 'warning' };
}

export class AlertList {
  current = false;
  /** The last change applied; nothing is known below 0. */
  number = -1;
  loss: Loss | undefined;
  private readonly active = new Map<string, Alert>();
  private over: { alert: Alert; shownAt: number }[] = [];

  /** A new connection: what to ask for. */
  begin(): { after?: number } {
    this.current = false;
    return this.number < 0 ? {} : { after: this.number };
  }

  lost(): void { this.current = false; }

  /** now: the server's clock. `ring` is told what somebody should hear of. */
  accept(frame: StateFrame | ChangeFrame | GapFrame, now: number, ring: (alert: Alert) => void): Verdict {
    if (frame.t === 'alerts') return this.replace(frame, now, ring);
    if (frame.t === 'alert') return this.change(frame, now, ring);
    // Other settings may begin the numbers anew; that is no loss.
    if (frame.from !== undefined && frame.to !== undefined && frame.to >= frame.from) this.missed(frame.from, frame.to, now);
    this.current = false;  // the state that repairs it follows
    return 'applied';
  }

  /** What the band shows, in its order. */
  shown(now: number): Alert[] {
    this.over = this.over.filter(({ alert, shownAt }) =>
      now - shownAt < (alert.step === 'rescinded' ? afterglow.rescinded : afterglow.resolved));
    const list = [...this.active.values()].filter(visible);
    return [...list, ...this.over.map(({ alert }) => alert)].sort(compare);
  }

  private replace(frame: StateFrame, now: number, ring: (alert: Alert) => void): Verdict {
    const first = this.number < 0;
    const before = new Map(this.active);
    this.active.clear();
    for (const told of frame.active) {
      const alert = whole(told);
      this.active.set(alert.key, alert);
      const known = before.get(alert.key);
      // What was there already has been heard; on the first look nothing is new.
      if (!first && visible(alert) && unattended(alert) && known?.episode !== alert.episode) ring(alert);
    }
    for (const alert of before.values()) {
      if (!this.active.has(alert.key)) this.end({ ...alert, step: 'resolved', state: 'normal', reason: 'unseen' }, now);
    }
    this.over = this.over.filter(({ alert }) => !this.active.has(alert.key));
    this.number = frame.number;
    this.current = true;
    return 'applied';
  }

  private change(frame: ChangeFrame, now: number, ring: (alert: Alert) => void): Verdict {
    if (this.current && frame.number <= this.number) return this.retold(whole(frame.change));
    if (!this.current) return 'ignored';
    if (frame.number !== this.number + 1) {
      this.missed(this.number + 1, frame.number - 1, now);
      this.current = false;
      return 'again';
    }
    this.number = frame.number;
    const alert = whole(frame.change);
    if (ended(alert)) {
      const was = this.active.get(alert.key);
      this.active.delete(alert.key);
      // A condition that was pending and went away was never told; its end is no news either.
      if (was ? visible(was) : alert.fired !== undefined) this.end(alert, now);
      return 'applied';
    }
    this.over = this.over.filter((entry) => entry.alert.key !== alert.key);
    this.active.set(alert.key, alert);
    if (loudSteps.has(alert.step) && visible(alert) && !alert.held_back
      && (alert.step === 'escalated' || !alert.acknowledged)) ring(alert);
    return 'applied';
  }

  /** What the state already holds, told again after a reconnect: how that ended which was only found gone. */
  private retold(alert: Alert): Verdict {
    const gone = this.over.find((entry) => entry.alert.key === alert.key && entry.alert.reason === 'unseen');
    if (!gone || !ended(alert)) return 'ignored';
    gone.alert = alert;
    return 'applied';
  }

  private end(alert: Alert, now: number): void {
    this.over = this.over.filter((entry) => entry.alert.key !== alert.key);
    this.over.push({ alert, shownAt: now });
    if (this.over.length > 50) this.over.shift();
  }

  private missed(from: number, to: number, now: number): void {
    this.loss = { from: Math.min(from, this.loss && now - this.loss.at < 10_000 ? this.loss.from : from), to, at: now };
  }
}
