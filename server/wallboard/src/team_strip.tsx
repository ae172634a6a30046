// One line of teams: how many are free, of how many, and how the rest are spread.
import type { Board } from './board';
import { Digits } from './figure';
import { strings } from './strings';

export function TeamStrip({ board }: { board: Board }) {
  // A team whose presence nobody tells has nothing to show here.
  const teams = board.cells.rows('team').value.filter((row) => !Number.isNaN(board.cells.number(row, 'agents_logged_in')));
  if (teams.length === 0) return null;
  return (
    <section class="teams" aria-label={strings.teams.heading}>
      {teams.slice(0, 8).map((row) => <Team key={row} board={board} row={row} />)}
    </section>
  );
}

function Team({ board, row }: { board: Board; row: string }) {
  const { cells, format } = board;
  const n = (column: string) => cells.number(row, column) || 0;
  const free = cells.number(row, 'agents_available');
  const all = cells.number(row, 'agents_logged_in');
  const busy = n('agents_on_contact') + n('agents_wrap_up') + n('agents_ringing');
  const total = Math.max(1, all || 0);
  return (
    <div class="team">
      <h3>{board.name(row)}</h3>
      <p>
        <b><Digits text={format.number(free)} /></b> {strings.teams.free}
        <span class="of"> {strings.teams.of(format.number(all))}</span>
      </p>
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="rest" width="100" height="4" />
        <rect class="busy" width={Math.min(100, (((free || 0) + busy) / total) * 100)} height="4" />
        <rect class="free" width={Math.min(100, ((free || 0) / total) * 100)} height="4" />
      </svg>
    </div>
  );
}
