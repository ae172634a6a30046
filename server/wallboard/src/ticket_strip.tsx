// Tickets of the tenant: what is open, how old it gets, and how the day goes. Absent where no source tells of tickets.
import type { Board } from './board';
import { Measure } from './figure';
import { duration, roughly } from './format';
import { SeverityMark } from './marks';
import { strings } from './strings';

export function TicketStrip({ board }: { board: Board }) {
  const { cells, format } = board;
  const count = (column: string) => cells.number('tenant', column);
  if (['backlog', 'tickets_created@today', 'tickets_resolved@today'].every((column) => Number.isNaN(count(column) ?? NaN))) return null;
  const oldest = cells.number('tenant', 'oldest_ticket_since');
  const median = cells.number('tenant', 'first_response_time_median@today');
  const response = median === undefined ? cells.number('tenant', 'average_first_response_time@today') : median;
  const long = typeof response === 'number' && response >= 3_600_000;
  const today = strings.window('today');
  return (
    <section class="panel tickets" aria-label={strings.tickets.heading}>
      <header><h3>{strings.tickets.heading}</h3></header>
      <div class="figures">
        <Entry board={board} kpi="backlog" label={strings.tickets.backlog} note={strings.now}
          digits={format.number(count('backlog'))} />
        <Entry board={board} kpi="backlog_unassigned" label={strings.tickets.unassigned} note={strings.now}
          digits={format.number(count('backlog_unassigned'))} />
        <Entry board={board} kpi="oldest_ticket_since" label={strings.tickets.oldest} note={strings.now}
          digits={roughly(typeof oldest === 'number' ? board.ticking.value - oldest : null)} />
        <Entry board={board} kpi="" label={strings.tickets.created} note={today}
          digits={format.number(count('tickets_created@today'))} />
        <Entry board={board} kpi="" label={strings.tickets.resolved} note={today}
          digits={format.number(count('tickets_resolved@today'))} />
        <Entry board={board} kpi="first_response_time_median" label={strings.tickets.response}
          note={median === undefined ? today : strings.tickets.median + today}
          digits={long ? roughly(response) : duration(response)} />
      </div>
    </section>
  );
}

function Entry(props: { board: Board; kpi: string; label: string; note: string; digits: string }) {
  const severity = props.board.severities.value.get(`tenant ${props.kpi}`) ?? 'none';
  return (
    <div class="entry" data-severity={severity}>
      <b><SeverityMark severity={severity} /><Measure digits={props.digits} /></b>
      <small>{props.label}</small>
      <small class="note">{props.note}</small>
    </div>
  );
}
