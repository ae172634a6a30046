// What was promised: how well it is kept, what is at risk, and the next deadlines counting down. Absent where
// nothing is promised.
import { useRef } from 'preact/hooks';
import type { Board } from './board';
import { useBox } from './box';
import { countdown, cut, deadlineKey, type Countdown, type Deadline, type DeadlineFrame } from './deadlines';
import { Measure } from './figure';
import { displayName, duration, type Figure } from './format';
import { Mark, SeverityMark } from './marks';
import type { Severity } from './severity';
import { strings } from './strings';

/** In units; the least that can be read. */
const row = { height: 5, gap: 0.4 };

export function SlaPanel({ board }: { board: Board }) {
  const frame = board.feeds.deadlines.value;
  const listed = board.feeds.deadlineState.value !== 'none' && frame !== undefined;
  if (!board.sla.value) return null;
  const figures = slaFigures(board);
  const old = board.deadlinesOld.value;
  return (
    <section class="panel sla" data-old={String(old)} aria-label={strings.sla.heading}>
      {figures.length > 0 ? (
        <div class="figures">
          {figures.map(({ label, note, figure, severity }) => (
            <div key={label + note} class="entry" data-severity={severity}>
              <b><SeverityMark severity={severity} /><Measure digits={figure.digits} unit={figure.unit} /></b>
              <small>{label}</small>
              <small class="note">{note}</small>
            </div>
          ))}
        </div>
      ) : null}
      {listed ? <Deadlines board={board} frame={frame} old={old} /> : null}
    </section>
  );
}

interface SlaFigure { label: string; note: string; figure: Figure; severity: Severity }

/** A number the server does not know is not there; one that has no value yet is a dash. */
function slaFigures(board: Board): SlaFigure[] {
  const found: SlaFigure[] = [];
  const add = (column: string, label: string, note: string, percent: boolean) => {
    const value = board.cells.number('tenant', column);
    if (value === undefined) return;
    const severity = board.severities.value.get(`tenant ${column.split('@')[0]!}`) ?? 'none';
    found.push({
      label, note, severity: column.endsWith('@30m') ? 'none' : severity,
      figure: percent ? board.format.percent(value) : { digits: board.format.number(value), unit: '' },
    });
  };
  add('sla_overdue', strings.sla.overdue, strings.now, false);
  add('sla_at_risk', strings.sla.atRisk, strings.now, false);
  add('sla_compliance@today', strings.sla.kept, strings.window('today'), true);
  add('sla_compliance@30m', strings.sla.kept, strings.window('30m'), true);
  add('sla_breach_rate@today', strings.sla.breached, strings.window('today'), true);
  return found;
}

function Deadlines({ board, frame, old }: { board: Board; frame: DeadlineFrame; old: boolean }) {
  const host = useRef<HTMLOListElement>(null);
  const box = useBox(host);
  const now = board.deadlineTime.value;
  const across = box.width / box.unit > 85 ? 2 : 1;
  const rows = Math.max(1, Math.floor((box.height / box.unit + row.gap) / (row.height + row.gap))) * across;
  const { shown, overdueMore, more } = cut(frame, rows, now);
  return (
    <>
      <header>
        <h3>{strings.sla.next}</h3>
        {overdueMore > 0 && !old ? <small class="overdue"><Mark kind="overdue" />{strings.sla.moreOverdue(overdueMore)}</small> : null}
        {more > 0 && !old ? <small>{strings.sla.more(more)}</small> : null}
        {old ? <small class="held">{strings.sla.asOf(board.format.clock(now))}</small> : null}
      </header>
      <ol class="deadlines" ref={host} style={{ '--abreast': String(across) }}>
        {shown.map((deadline) => (
          <Row key={deadlineKey(deadline)} board={board} deadline={deadline} asof={frame.asof} now={now} />
        ))}
        {shown.length === 0 ? <li class="nothing">{strings.sla.none}</li> : null}
      </ol>
    </>
  );
}

function Row({ board, deadline, asof, now }: { board: Board; deadline: Deadline; asof: number; now: number }) {
  const count = countdown(deadline, asof, now);
  const { queue, priority, agent, record, clock } = deadline;
  const about = [queue ? board.name(`queue/${queue}`) : '', priority ?? '', agent ? displayName(`agent/${agent}`) : '']
    .filter(Boolean).join(' · ');
  return (
    <li class="deadline" data-standing={count.standing}>
      <Mark kind={count.standing === 'now' ? 'overdue' : count.standing} />
      <p class="what"><b>{record.id}</b> {strings.sla.clocks[clock] ?? clock.replace(/_/g, ' ')}</p>
      <p class="time">{strings.sla.time(count.standing, time(count))}</p>
      <p class="about">{about}</p>
      <p class="note">{note(board, deadline, count, now)}</p>
      <svg viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
        <rect class="gone" width="100" height="2" />
        <rect class="left" width={(count.left * 100).toFixed(1)} height="2" />
      </svg>
    </li>
  );
}

/** What is left is rounded up, what is over down: 0:01 stands until the very end, and +0:00 begins there. */
function time({ standing, ms }: Countdown): string {
  return duration(standing === 'overdue' ? ms : Math.ceil(ms / 1000) * 1000);
}

function note(board: Board, deadline: Deadline, count: Countdown, now: number): string {
  const { deadline_at: due, closed_until: opens } = deadline;
  const at = (instant: number) => board.format.moment(instant, now);
  if (count.standing === 'overdue') {
    return count.still ? strings.sla.overduePaused : due === null ? '' : strings.sla.broke(at(due));
  }
  if (count.standing === 'paused') return strings.sla.paused;
  if (count.standing === 'closed') return strings.sla.closed(at(opens ?? now));
  return due === null ? '' : strings.sla.due(at(due));
}
