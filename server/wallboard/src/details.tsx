// Why this number: what each figure of a queue's tile means, its formula and its limits, from the catalogue.
import { useEffect, useRef } from 'preact/hooks';
import type { Board } from './board';
import { duration } from './format';
import { strings } from './strings';

interface DialogProps {
  open: boolean;
  heading: string;
  close: () => void;
  children: preact.ComponentChildren;
}

/** A card over the board; Escape and its button close it. */
export function Dialog({ open, heading, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    if (open && !element.open) element.showModal?.();
    if (!open && element.open) element.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="details" aria-label={heading} onClose={close}>
      <h2>{heading}</h2>
      {open ? children : null}
      <button type="button" onClick={close}>{strings.details.close}</button>
    </dialog>
  );
}

export function Details({ board, row, close }: { board: Board; row: string; close: () => void }) {
  const catalogue = board.catalogue.value;
  const known = board.kpis(row).map((id) => catalogue.get(id)).filter((kpi) => kpi !== undefined);
  return (
    <Dialog open={row !== ''} heading={row ? board.name(row) : strings.queue.details} close={close}>
      {known.length === 0 ? <p>{strings.details.none}</p> : null}
      <dl>
        {known.map((kpi) => {
          const { warn, crit } = catalogue.limits(kpi.id, row);
          const say = (limit: number | null) =>
            kpi.unit === 'percent' ? board.format.percentText(limit)
              : kpi.unit === 'duration' || kpi.unit === 'time' ? duration(limit) : board.format.number(limit);
          return (
            <div key={kpi.id}>
              <dt>{kpi.title}</dt>
              <dd>
                {kpi.description}
                {kpi.formula ? <code>{kpi.formula}</code> : null}
                {Number.isNaN(board.value(row, kpi.id))
                  ? <em>{strings.details.untold(Object.entries(kpi.not_told_by ?? {}))}</em> : null}
                {warn === null && crit === null ? null : <em>{strings.details.limits(say(warn), say(crit))}</em>}
              </dd>
            </div>
          );
        })}
      </dl>
    </Dialog>
  );
}
