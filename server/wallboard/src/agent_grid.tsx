// Who does what, and since when: agents in blocks by state. Whatever does not fit is counted, never scrolled.
import { useRef } from 'preact/hooks';
import type { Board } from './board';
import { useBox, type Box } from './box';
import { Since } from './figure';
import { shortName } from './format';
import { StateMark } from './marks';
import { packGroups, type Packed } from './packing';
import { strings } from './strings';

const order = Object.keys(strings.agents.states);

/** In units: a cell wide enough for most names, and the least that can be read. */
const cell = { width: 17, least: 12, height: 3.4 };
const heading = { width: 17, height: 3.4 };
const phone = typeof matchMedia === 'function' ? matchMedia('(max-width: 700px)') : undefined;

interface Group {
  state: string;
  agents: string[];
}

function groups(board: Board): Group[] {
  const by = new Map<string, string[]>();
  for (const row of board.cells.rows('agent').value) {
    const state = board.cells.text(row, 'state');
    if (!state || state === 'offline') continue;
    const list = by.get(state) ?? [];
    list.push(row);
    by.set(state, list);
  }
  const place = (state: string) => (order.indexOf(state) + order.length + 1) % (order.length + 1);
  return [...by.entries()]
    .map(([state, agents]) => ({ state, agents }))
    .sort((a, b) => place(a.state) - place(b.state));
}

/** Absent where nobody can be: the view has no agents, no source tells who is there, or none was heard of yet. */
export function AgentGrid({ board }: { board: Board }) {
  const all = groups(board);
  const nobody = board.cells.rows('agent').value.length > 0 && board.cells.number('tenant', 'agents_logged_in') === 0;
  if (all.length === 0 && !nobody) return null;
  return <Grid board={board} all={all} />;
}

function Grid({ board, all }: { board: Board; all: Group[] }) {
  const host = useRef<HTMLElement>(null);
  const box = useBox(host);
  const { stacked, packed } = arrange(all.map((group) => group.agents.length), box);
  const across = packed.columns.reduce((sum, columns) => (stacked ? Math.max(sum, packed.rows) : sum + columns), 1);
  const whole = box.width / box.unit / across > 2 * cell.width;
  return (
    <section class="panel agents" ref={host} data-stacked={String(stacked)} aria-label={strings.agents.heading}>
      {all.length === 0 ? <p class="nobody">{strings.agents.nobody}</p> : null}
      {all.map((group, i) => (
        <Block key={group.state} board={board} group={group} shown={packed.shown[i]!} whole={whole}
          rows={stacked ? packed.columns[i]! : packed.rows} columns={stacked ? packed.rows : packed.columns[i]!} />
      ))}
    </section>
  );
}

/** Blocks side by side on a wide board, one above the other on a tall one; a phone scrolls and shows all. */
function arrange(counts: number[], box: Box): { stacked: boolean; packed: Packed } {
  if (phone?.matches) return { stacked: true, packed: { rows: 2, columns: counts, shown: counts } };
  const width = box.width / box.unit - 3;
  const height = box.height / box.unit - 2.1;
  if (height > width / 2.4) {
    const lines = Math.floor(height / cell.height);
    const across = Math.max(1, Math.floor((width - heading.width) / cell.least));
    return { stacked: true, packed: packGroups(counts, lines, lines, across) };
  }
  const columns = (least: number) => Math.floor(width / least);
  const rows = Math.floor((height - heading.height) / cell.height);
  return { stacked: false, packed: packGroups(counts, columns(cell.width), columns(cell.least), rows) };
}

interface BlockProps {
  board: Board;
  group: Group;
  rows: number;
  columns: number;
  shown: number;
  /** There is room for whole names. */
  whole: boolean;
}

function Block({ board, group, rows, columns, shown, whole }: BlockProps) {
  const agents = shown < group.agents.length ? group.agents.slice(0, Math.max(0, shown - 1)) : group.agents;
  const rest = group.agents.length - agents.length;
  return (
    <div class="group" data-state={group.state} style={{ '--rows': String(rows), '--columns': String(columns) }}>
      <header>
        <StateMark state={group.state} />
        <h3>{strings.agents.states[group.state] ?? group.state}</h3>
        <b>{group.agents.length}</b>
      </header>
      <ul>
        {agents.map((row) => (
          <li key={row} class="agent">
            <span class="name" title={board.name(row)}>{whole ? board.name(row) : shortName(board.name(row))}</span>
            <Since board={board} row={row} column="state_since" />
          </li>
        ))}
        {rest > 0 ? <li class="agent rest">{strings.agents.more(rest)}</li> : null}
      </ul>
    </div>
  );
}
