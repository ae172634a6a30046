// The two lists beside the view: alerts and deadlines. Subscribes to them after every hello, asks again where
// something was lost, and offers both as signals. A server that knows neither is no error: nothing is shown then.
import { batch, signal } from '@preact/signals';
import { AlertList, unattended, type Alert, type Loss } from './alerts';
import type { DeadlineFrame } from './deadlines';
import type { Frame } from './frame';

/** none: the server has no such list. waiting: not here yet. refused: it will not give it now; asked again. */
export type FeedState = 'none' | 'waiting' | 'live' | 'refused';

export interface FeedWorld {
  /** Returns the id sent with it, or nothing when there is no connection. */
  send(op: Record<string, unknown>): number | undefined;
  /** The server's clock. */
  now(): number;
  ring(alert: Alert): void;
}

/** So many deadlines, of which the server lets at most half be overdue: more than any layout shows. */
const limit = 24;
const retry = 15_000;
const lossShown = 60_000;

export class Feeds {
  readonly alerts = signal<Alert[]>([]);
  readonly alertState = signal<FeedState>('none');
  readonly loss = signal<Loss | undefined>(undefined);
  readonly deadlines = signal<DeadlineFrame | undefined>(undefined);
  readonly deadlineState = signal<FeedState>('none');
  /** Since when the list of deadlines is not kept up; Infinity: it is. */
  readonly deadlinesHeldAt = signal(Infinity);
  /** Why the server refused a list, in its words. */
  readonly problem = signal('');
  private readonly list = new AlertList();
  private askedAlerts: number | undefined;
  private askedDeadlines: number | undefined;
  private alertsDue = Infinity;
  private deadlinesDue = Infinity;

  constructor(private readonly world: FeedWorld) {}

  /** After every hello. */
  begin(): void {
    const ask = this.list.begin();
    batch(() => {
      this.problem.value = '';
      this.askAlerts(ask);
      this.askDeadlines();
    });
  }

  /** The connection is gone: what is shown is as of then. */
  lost(): void {
    this.list.lost();
    for (const state of [this.alertState, this.deadlineState]) {
      if (state.peek() !== 'none') state.value = 'waiting';
    }
    if (this.deadlinesHeldAt.peek() === Infinity) this.deadlinesHeldAt.value = this.world.now();
    this.alertsDue = this.deadlinesDue = Infinity;
  }

  receive(frame: Frame): void {
    switch (frame.t) {
      case 'err': return this.refused(frame);
      case 'deadlines':
        batch(() => {
          this.deadlines.value = frame;
          this.deadlineState.value = 'live';
          this.deadlinesHeldAt.value = Infinity;
        });
        return;
      case 'alerts': case 'alert': case 'gap': {
        const verdict = this.list.accept(frame, this.world.now(), (alert) => this.world.ring(alert));
        if (verdict === 'again') {
          this.world.send({ op: 'unsub', what: 'alerts' });
          this.askAlerts({});
        }
        if (verdict !== 'ignored') this.publish();
        return;
      }
      default:
    }
  }

  /** Once a second. */
  second(now: number): void {
    if (now >= this.alertsDue) this.askAlerts(this.list.begin());
    if (now >= this.deadlinesDue) this.askDeadlines();
    this.publish();
  }

  /** A critical alert that nobody takes care of. */
  unattended(): boolean {
    return this.alerts.peek().some((alert) => alert.severity === 'critical' && unattended(alert));
  }

  private publish(): void {
    const now = this.world.now();
    const next = this.list.shown(now);
    const shown = this.alerts.peek();
    batch(() => {
      if (next.length !== shown.length || next.some((alert, i) => alert !== shown[i])) this.alerts.value = next;
      if (this.alertState.peek() !== 'none' && this.alertState.peek() !== 'refused') {
        this.alertState.value = this.list.current ? 'live' : 'waiting';
      }
      const { loss } = this.list;
      this.loss.value = loss && now - loss.at < lossShown ? loss : undefined;
    });
  }

  private askAlerts(ask: { after?: number }): void {
    this.alertsDue = Infinity;
    this.askedAlerts = this.world.send({ op: 'alerts', ...ask });
    this.alertState.value = 'waiting';
  }

  private askDeadlines(): void {
    this.deadlinesDue = Infinity;
    this.askedDeadlines = this.world.send({ op: 'deadlines', scope: 'tenant', limit });
    if (this.deadlineState.peek() === 'refused') this.deadlineState.value = 'waiting';
  }

  private refused(frame: Frame & { t: 'err' }): void {
    const mine = frame.id === this.askedAlerts ? this.alertState : frame.id === this.askedDeadlines ? this.deadlineState : undefined;
    if (!mine) return;
    if (frame.code === 'unknown_op' || frame.code === 'bad_message') {  // it does not understand: it has none
      mine.value = 'none';
      return;
    }
    mine.value = 'refused';
    this.problem.value = frame.message || frame.code;
    if (mine === this.alertState) this.alertsDue = this.world.now() + retry;
    else this.deadlinesDue = this.world.now() + retry;
  }
}
