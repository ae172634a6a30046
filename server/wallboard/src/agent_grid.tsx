// Who does what, and since when: agents in blocks by state. Whatever does not fit is counted, never scrolled.
import { useRef } from 'preact/hooks';
import type { Board } from './board';
import { useBox } from './box';
import { Since } from './figure';
import { StateMark } from './marks';
import { packGroups } from './packing';
import { strings } from './strings';

const order = Object.keys(strings.agents.states);
const cell = { width: 13.2, height: 4.4 };  // the least that can be read, in units

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

export function AgentGrid({ board }: { board: Board }) {
  const host = useRef<HTMLElement>(null);
  const box = useBox(host);
  const all = groups(board);
  const rows = Math.floor((box.height / box.unit - 4.6) / cell.height);
  const across = Math.max(1, Math.floor(box.width / box.unit / cell.width));
  const packed = packGroups(all.map((group) => group.agents.length), across, rows);
  return (
    <section class="panel agents" ref={host} aria-label={strings.agents.heading}>
      {all.length === 0 ? <p class="nobody">{board.started.value ? strings.agents.nobody : ''}</p> : null}
      {all.map((group, i) => (
        <Block key={group.state} board={board} group={group} rows={packed.rows}
          columns={packed.columns[i]!} shown={packed.shown[i]!} />
      ))}
    </section>
  );
}

interface BlockProps {
  board: Board;
  group: Group;
  rows: number;
  columns: number;
  shown: number;
}

function Block({ board, group, rows, columns, shown }: BlockProps) {
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
            <StateMark state={group.state} />
            <span class="name">{board.name(row)}</span>
            <Since board={board} row={row} column="state_since" />
          </li>
        ))}
        {rest > 0 ? <li class="agent rest">{strings.agents.more(rest)}</li> : null}
      </ul>
    </div>
  );
}
