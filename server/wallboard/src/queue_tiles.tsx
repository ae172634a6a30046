// The queues, worst first. Up to twelve get a tile; with more the first six do and the others a row each.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Board } from './board';
import { Measure, Since, still } from './figure';
import { SeverityWord } from './marks';
import { columns } from './packing';
import type { Severity } from './severity';
import { Sparkline } from './sparkline';
import { useBox } from './box';
import { strings } from './strings';

const mostTiles = 12;
const tilesBesideRows = 6;
const mostFilled = 2;

export function QueueTiles({ board, open }: { board: Board; open: (row: string) => void }) {
  const host = useRef<HTMLElement>(null);
  const box = useBox(host);
  const queues = board.queues.value;
  const tiles = queues.length > mostTiles ? queues.slice(0, tilesBesideRows) : queues;
  const rows = queues.slice(tiles.length);
  const phone = box.width < 700;
  const abreast = phone ? 1 : box.width > box.height * 1.6 ? 3 : 2;
  const fit = phone ? rows.length : Math.max(0, Math.floor((box.height * 0.34) / (box.unit * 3.6))) * abreast;
  const shown = rows.length > fit ? rows.slice(0, Math.max(0, fit - 1)) : rows;
  const height = box.height * (rows.length > 0 ? 0.66 : 1);
  const across = columns(tiles.length, box.width, height, 1.75);
  const tall = !phone && box.width / across < (height / Math.ceil(tiles.length / across)) * 1.1;
  useGlide(host, queues);
  const critical = tiles.filter((row) => board.severities.value.get(row) === 'crit');
  return (
    <section class="queues" ref={host} style={{ '--across': String(across), '--abreast': String(abreast) }} aria-label={strings.queues}>
      {queues.length === 0 ? <p class="nobody">{board.started.value ? strings.noQueues : ''}</p> : (
        <div class="tiles" data-tall={String(tall)}>
          {tiles.map((row) => (
            <QueueTile key={row} board={board} row={row} open={open}
              filled={critical.indexOf(row) >= 0 && critical.indexOf(row) < mostFilled} />
          ))}
        </div>
      )}
      {rows.length > 0 ? (
        <div class="rows">
          {shown.map((row) => <QueueRow key={row} board={board} row={row} />)}
          {shown.length < rows.length
            ? <div class="row rest">{strings.moreQueues(rows.length - shown.length)}</div> : null}
        </div>
      ) : null}
    </section>
  );
}

interface TileProps {
  board: Board;
  row: string;
  filled: boolean;
  open: (row: string) => void;
}

function QueueTile({ board, row, filled, open }: TileProps) {
  const severities = board.severities.value;
  const severity: Severity = severities.get(row) ?? 'none';
  const of = (kpi: string): Severity => severities.get(`${row} ${kpi}`) ?? 'none';
  const { freshness, cells, format } = board;
  const level = freshness.value.level;
  const shows = figures(board, row);
  const depth = cells.number(row, shows.depth);
  const speed = board.column(row, shows.facts[0]!.kpi);
  return (
    <article
      class="tile" data-key={row} data-severity={severity} data-filled={String(filled)}
      tabIndex={0} role="button" aria-label={`${board.name(row)} ${strings.severity[severity]}`}
      onClick={() => open(row)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        open(row);
      }}
    >
      <header>
        <h2 data-long={String(board.name(row).length > 18)}>{board.name(row)}</h2>
        <SeverityWord severity={severity} />
        <span class="asof" data-level={level}>
          {level === 'fresh' || freshness.value.age < 0 ? null : board.age(freshness.value.age)}
          <i class="dot" />
        </span>
      </header>
      <div class="hero" data-severity={of(shows.depth)}>
        <b data-zero={String(depth === 0)}><Measure digits={format.number(depth)} /></b>
        <small>{shows.depthLabel}{Number.isNaN(depth) ? `, ${board.untold(shows.depth)}` : ''}</small>
      </div>
      <div class="oldest" data-severity={of(shows.oldest)}>
        <b><Since board={board} row={row} column={shows.oldest} /></b>
        <small>{shows.oldestLabel}</small>
      </div>
      <div class="spark">
        <Sparkline board={board} row={row} />
        <small>{shows.trend}</small>
      </div>
      {shows.level ? <ServiceLevel board={board} row={row} severity={of('service_level')} footer={speed.window} /> : null}
      <footer>
        {shows.facts.map(({ kpi, label, as }) => {
          const value = board.value(row, kpi);
          return value === undefined && as === 'here' ? null : (
            <Fact key={kpi} label={label} severity={of(kpi)}
              {...(as === 'percent' ? format.percent(value)
                : { digits: as === 'time' ? board.age(value) : format.number(value) })} />
          );
        })}
        <small class="window">{strings.window(speed.window)}</small>
      </footer>
    </article>
  );
}

interface Figures {
  depth: string;
  depthLabel: string;
  oldest: string;
  oldestLabel: string;
  trend: string;
  level: boolean;
  /** The first one says the window; `here`: a count that is left out where the view has none. */
  facts: { kpi: string; label: string; as: 'time' | 'percent' | 'count' | 'here' }[];
}

const ofCalls: Figures = {
  depth: 'waiting',
  depthLabel: strings.queue.waiting,
  oldest: 'oldest_waiting_since',
  oldestLabel: strings.queue.oldest,
  trend: strings.queue.trend,
  level: true,
  facts: [
    { kpi: 'average_speed_of_answer', label: strings.queue.answer, as: 'time' },
    { kpi: 'abandonment_rate', label: strings.queue.abandoned, as: 'percent' },
    { kpi: 'agents_available', label: strings.queue.free, as: 'here' },
  ],
};

const ofTickets: Figures = {
  depth: 'backlog',
  depthLabel: strings.tickets.backlog,
  oldest: 'oldest_ticket_since',
  oldestLabel: strings.tickets.oldest,
  trend: strings.tickets.trend,
  level: false,
  facts: [
    { kpi: 'tickets_created', label: strings.tickets.created, as: 'count' },
    { kpi: 'tickets_resolved', label: strings.tickets.resolved, as: 'count' },
    { kpi: 'first_response_time_median', label: strings.tickets.response, as: 'time' },
    { kpi: 'backlog_unassigned', label: strings.tickets.unassigned, as: 'here' },
  ],
};

/** What the tile or row of a queue shows. */
function figures(board: Board, row: string): Figures { return board.ofTickets(row) ? ofTickets : ofCalls; }

function Fact(props: { label: string; digits: string; unit?: string; severity?: Severity }) {
  return (
    <span class="fact" data-severity={props.severity ?? 'none'}>
      <b><Measure digits={props.digits} unit={props.unit ?? ''} /></b>
      <small>{props.label}</small>
    </span>
  );
}

const segments = 60;

/** The bar fills in segments; the mark is where the target is. Its window is said when the footer's is another. */
function ServiceLevel(props: { board: Board; row: string; severity: Severity; footer: string }) {
  const { board, row, severity, footer } = props;
  const { column, window } = board.column(row, 'service_level');
  const value = board.cells.number(row, column);
  const { target: goal } = board.catalogue.value.limits('service_level', row);
  const lit = typeof value === 'number' ? Math.round((Math.min(100, Math.max(0, value)) / 100) * segments) : 0;
  const figure = board.format.percent(value);
  return (
    <div class="level" data-severity={severity}>
      <p>
        <b><Measure digits={figure.digits} unit={figure.unit} /></b>
        <small>{strings.queue.serviceLevel}{window === footer ? '' : `, ${strings.window(window)}`}</small>
        {goal === null || Number.isNaN(value) ? null : (
          <small class="goal">{strings.queue.target(board.format.percentText(goal))}</small>
        )}
      </p>
      {Number.isNaN(value) ? <small>{board.untold('service_level')}</small> : (
        <svg viewBox={`0 0 ${segments * 4} 10`} preserveAspectRatio="none" aria-hidden="true">
          <path class="unlit" d={bar(lit, segments)} />
          <path class="lit" d={bar(0, lit)} />
          {goal === null ? null : <path class="mark-line" d={`M${(goal / 100) * segments * 4 - 1.2} -2h2.4v14h-2.4z`} />}
        </svg>
      )}
    </div>
  );
}

function bar(from: number, to: number): string {
  let path = '';
  for (let i = from; i < to; i++) path += `M${i * 4} 1h3v8h-3z`;
  return path;
}

function QueueRow({ board, row }: { board: Board; row: string }) {
  const severity = board.severities.value.get(row) ?? 'none';
  const shows = figures(board, row);
  return (
    <div class="row" data-key={row} data-severity={severity}>
      <h2>{board.name(row)}</h2>
      <SeverityWord severity={severity} />
      <b><Measure digits={board.format.number(board.cells.number(row, shows.depth))} /></b>
      <span><Since board={board} row={row} column={shows.oldest} /></span>
      <span>{shows.level ? board.format.percentText(board.value(row, 'service_level')) : ''}</span>
    </div>
  );
}

/** Tiles that changed place go there in 250 ms. */
function useGlide(host: preact.RefObject<HTMLElement>, order: string[]): void {
  const places = useRef(new Map<string, DOMRect>());
  const last = useRef(order);
  useLayoutEffect(() => {
    const before = places.current;
    const moved = last.current !== order && last.current.length > 0;
    last.current = order;
    const now = new Map<string, DOMRect>();
    for (const tile of host.current!.querySelectorAll<HTMLElement>('[data-key]')) {
      const key = tile.dataset['key']!;
      const to = tile.getBoundingClientRect();
      now.set(key, to);
      const from = before.get(key);
      if (!moved || !from || still?.matches || (from.x === to.x && from.y === to.y)) continue;
      tile.animate?.(
        [{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: 'none' }],
        { duration: 250, easing: 'ease-in-out' },
      );
    }
    places.current = now;
  });
}
