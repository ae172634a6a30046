// The whole board: band, tiles, trends and tickets, teams, agents.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { AgentGrid } from './agent_grid';
import { AlertBand } from './alert_band';
import { Band } from './band';
import type { Board } from './board';
import { Details } from './details';
import { SlaPanel } from './sla_panel';
import { QueueTiles } from './queue_tiles';
import { frozen } from './staleness';
import { strings } from './strings';
import { TeamStrip } from './team_strip';
import { TicketStrip } from './ticket_strip';
import { TrendPanel } from './trend_panel';

/** The queue whose definitions are open, if any. */
const details = signal('');

/** 25 places within four pixels, each a step from the one before, so that no edge burns in. */
function orbit(step: number): [number, number] {
  const angle = (step / 25) * 2 * Math.PI;
  return [Math.round(4 * Math.cos(3 * angle)), Math.round(4 * Math.sin(2 * angle))];
}

export function Page({ board }: { board: Board }) {
  const level = board.freshness.value.level;
  const [x, y] = orbit(board.orbit.value);
  useEffect(() => { document.title = strings.title(board.tenant.value); }, [board.tenant.value]);
  return (
    <main
      class="board"
      data-level={level}
      data-frozen={String(frozen(level))}
      data-sla={String(board.sla.value)}
      data-dim={String(board.dim.value)}
      data-mirrored={String(board.mirrored.value)}
      style={{ transform: `translate(${x}px, ${y}px)` }}
    >
      <div class="top">
        <Band board={board} />
        <AlertBand board={board} />
      </div>
      <QueueTiles board={board} open={(row) => { details.value = row; }} />
      <aside class="side">
        <TrendPanel board={board} />
        <TicketStrip board={board} />
        <SlaPanel board={board} />
      </aside>
      <TeamStrip board={board} />
      <AgentGrid board={board} />
      <Details board={board} row={details.value} close={() => { details.value = ''; }} />
    </main>
  );
}
