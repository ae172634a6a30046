// The alerts of the tenant beneath the state band: what needs somebody first, worst first; who takes care of what;
// what is held back and why; what has just ended and how. Whatever does not fit is counted and opens as a list.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ended, since, unattended, type Alert } from './alerts';
import type { Board } from './board';
import { useBox } from './box';
import { Dialog } from './details';
import { duration } from './format';
import { AlertMark, Mark } from './marks';
import { strings } from './strings';

/** In units: a card wide enough for most summaries. */
const cardWidth = 44;
const newsFor = 10_000;
const fading = 60_000;

export function AlertBand({ board }: { board: Board }) {
  const { alertState, alerts, loss } = board.feeds;
  const [open, setOpen] = useState(false);
  const old = board.alertsOld.value;
  const words = loss.value ? strings.alerts.lost(loss.value.from, loss.value.to, alertState.value === 'live')
    : alertState.value === 'refused' ? strings.alerts.refused(board.feeds.problem.value)
    : alertState.value === 'waiting' && board.started.value && old ? strings.alerts.asOf(board.format.clock(board.asof.value))
    : '';
  return (
    <>
      {words ? <p class="alert-note">{words}</p> : null}
      {alerts.value.length > 0
        ? <Strip board={board} alerts={alerts.value} old={old} open={() => setOpen(true)} /> : null}
      <Spoken board={board} alerts={alerts.value} loss={loss.value ? words : ''} />
      <AlertList board={board} alerts={alerts.value} open={open} close={() => setOpen(false)} />
    </>
  );
}

function Strip(props: { board: Board; alerts: Alert[]; old: boolean; open: () => void }) {
  const { board, alerts, old, open } = props;
  const host = useRef<HTMLElement>(null);
  const box = useBox(host);
  const wide = box.width / box.unit;
  const lines = wide > 120 ? 1 : wide > 60 ? 2 : 3;
  const across = Math.min(alerts.length, Math.max(1, Math.floor(wide / cardWidth)));
  const shown = withNews(alerts, Math.max(1, across * lines), board.now.value);
  const more = alerts.filter((alert) => !ended(alert) && !shown.includes(alert)).length;
  return (
    <section class="alerts" ref={host} data-old={String(old)} style={{ '--across': String(across) }} aria-label={strings.alerts.heading}>
      <ul tabIndex={0} onKeyDown={(event) => { if (event.key === 'Enter') open(); }}>{shown.map((alert) => <Card key={`${alert.key} ${alert.episode}`} board={board} alert={alert} old={old} open={open} />)}</ul>
      {more > 0 ? <button type="button" class="rest" onClick={open}>{strings.alerts.more(more)}</button> : null}
    </section>
  );
}

/** As many as fit; where that leaves out what ended just now, it has the last place for a moment. */
function withNews(alerts: Alert[], places: number, now: number): Alert[] {
  const news = alerts.find(ended);
  const at = news ? alerts.indexOf(news) : -1;
  if (at < places || places < 2 || now - news!.noticed > newsFor) return alerts.slice(0, places);
  return [...alerts.slice(0, places - 1), news!];
}

function Card({ board, alert, old, open }: { board: Board; alert: Alert; old: boolean; open: () => void }) {
  const over = ended(alert);
  const faded = over ? Math.max(0.4, 1 - (board.now.value - alert.noticed) / fading) : 1;
  return (
    <li
      class="alert" style={{ opacity: String(faded) }} data-severity={alert.severity} onClick={open}
      data-loud={String(unattended(alert) && !old)} data-over={over ? alert.step : ''}
    >
      <AlertMark severity={alert.severity} over={over} />
      <p class="words">{summary(board, alert)}{alert.record ? <small>{about(board, alert)}</small> : null}</p>
      <p class="detail">{details(board, alert).map(([kind, words]) => (
        <span key={kind}>
          <Mark kind={kind} />{words}
        </span>
      ))}</p>
    </li>
  );
}

/** The server's words, with the names that the page has for things; a clock's are put shorter, for its card says the rest. */
export function summary(board: Board, alert: Alert): string {
  const { record, scope } = alert;
  if (record) return strings.alerts.clock(strings.sla.clocks[alert.name.slice(4)] ?? alert.name, record.id);
  return alert.summary ? alert.summary.replace(scope, board.name(scope)) : strings.band.row(board.name(scope), alert.name);
}

/** Where no card beside it says the rest. */
export function sentence(board: Board, alert: Alert): string {
  const words = summary(board, alert);
  return alert.record ? strings.alerts.overdueClock(words, alert.step === 'warned') : words;
}

function about(board: Board, alert: Alert): string {
  return [alert.record && alert.scope === 'tenant' ? '' : board.name(alert.scope), alert.labels?.['priority']].filter(Boolean).join(' · ');
}

/** What is said of an alert besides its summary, each with the kind of thing it is. */
function details(board: Board, alert: Alert): [string, string][] {
  const now = board.alertsOld.value ? board.ticking.value : board.now.value;
  const said: [string, string][] = [];
  if (ended(alert)) {
    const lasted = duration((alert.ended ?? alert.at) - since(alert));
    said.push(['over', alert.step === 'rescinded' ? strings.alerts.rescinded(alert.reason ?? '')
      : alert.reason === 'unseen' ? strings.alerts.unseen : strings.alerts.resolved(lasted)]);
  } else {
    if (alert.state === 'recovering') said.push(['state', strings.alerts.recovering]);
    if (alert.state === 'no_data') said.push(['state', strings.alerts.noData]);
    if (alert.step === 'escalated' || alert.step === 'flapping') said.push(['step', strings.alerts[alert.step]]);
    const due = alert.state === 'pending' || alert.step === 'warned' ? alert.due : undefined;
    const age = duration(now - since(alert));
    said.push(['age', due !== undefined && due > now ? strings.alerts.due(duration(due - now))
      : alert.record ? strings.alerts.overdue(age) : strings.alerts.age(age)]);
    if (alert.acknowledged) said.push(['acknowledged', strings.alerts.acknowledged(alert.acknowledged.by ?? '')]);
    if (alert.step === 'suppressed' && !alert.held_back && alert.reason) said.push(['paused', alert.reason]);
    if (alert.held_back) said.push(['paused', alert.held_why ?? strings.alerts.held(alert.held_back)]);
  }
  if (alert.late) said.push(['late', strings.alerts.late]);
  return said;
}

/** Everything, to be read at a desk. */
function AlertList(props: { board: Board; alerts: Alert[]; open: boolean; close: () => void }) {
  const { board, alerts, open, close } = props;
  const at = (instant: number) => board.format.moment(instant, board.now.value);
  return (
    <Dialog open={open} heading={strings.alerts.heading} close={close}>
      {alerts.length === 0 ? <p>{strings.alerts.none}</p> : null}
      <dl>
        {alerts.map((alert) => (
          <div key={`${alert.key} ${alert.episode}`}>
            <dt><AlertMark severity={alert.severity} over={ended(alert)} /> {summary(board, alert)}</dt>
            <dd>
              {[strings.alerts.severity[alert.severity], about(board, alert), strings.alerts.from(at(since(alert))),
                ...details(board, alert).map(([, words]) => words), !alert.held_back && !ended(alert) ? alert.reason : '']
                .filter(Boolean).join(' · ')}
              <code>{alert.key}</code>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/**
 * For a screen reader: what is new, once. Critical ones and a loss interrupt, the rest waits for a pause. What was there when the
 * page was opened is in the list and is not read out.
 */
function Spoken({ board, alerts, loss }: { board: Board; alerts: Alert[]; loss: string }) {
  const told = useRef<Map<string, string> | undefined>(undefined);
  const [now, setNow] = useState({ urgent: '', calm: '' });
  useEffect(() => {
    const before = told.current;
    const next = new Map<string, string>();
    const urgent: string[] = [];
    const calm: string[] = [];
    for (const alert of alerts) {
      const over = ended(alert);
      const matter = `${alert.episode} ${over ? alert.step : alert.severity} ${alert.acknowledged ? 'acknowledged' : ''}`;
      next.set(alert.key, matter);
      if (!before || before.get(alert.key) === matter || alert.held_back) continue;
      const words = summary(board, alert).slice(0, 140);
      if (over) calm.push(strings.alerts.spokenOver(alert.step, words));
      else if (alert.acknowledged) calm.push(`${words}, ${strings.alerts.acknowledged(alert.acknowledged.by ?? '')}`);
      else (alert.severity === 'critical' ? urgent : calm).push(`${strings.alerts.severity[alert.severity]}: ${words}`);
    }
    told.current = next;
    if (urgent.length + calm.length === 0) return;
    setNow((old) => ({ urgent: urgent.join('. ') || old.urgent, calm: calm.join('. ') || old.calm }));
  }, [alerts]);
  return (
    <>
      <span class="unseen" role="alert" aria-live="assertive">{loss || now.urgent}</span>
      <span class="unseen" role="status" aria-live="polite">{now.calm}</span>
    </>
  );
}
