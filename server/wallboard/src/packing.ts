// How many things fit, and how they are laid out, so that the board never scrolls. Pure geometry.

/** Columns for n tiles in a box, so that tiles come as close as can be to the wanted width : height. */
export function columns(n: number, width: number, height: number, wanted: number): number {
  let best = 1;
  let least = Infinity;
  for (let c = 1; c <= Math.max(1, n); c++) {
    const rows = Math.ceil(n / c);
    const shape = (width / c) / (height / rows);
    const empty = c * rows - n;
    const cost = Math.abs(Math.log(shape / wanted)) + empty * 0.6;
    if (cost < least) { least = cost; best = c; }
  }
  return best;
}

export interface Packed {
  /** Cells one above the other in every group. */
  rows: number;
  /** Columns of each group. */
  columns: number[];
  /** How many cells of each group are shown; where it is fewer than asked, the last one says how many more. */
  shown: number[];
}

/**
 * Groups side by side, each a block of cells filled column by column. Takes the fewest rows with which all fits
 * into the wanted number of columns; failing that, the rows that need the fewest columns, up to the most that can
 * be read; failing that, the largest groups give up columns.
 */
export function packGroups(counts: number[], wanted: number, maxColumns: number, maxRows: number): Packed {
  const most = Math.max(1, maxRows);
  let best: Packed | undefined;
  let least = maxColumns + 1;
  for (let rows = Math.min(2, most); rows <= most; rows++) {
    const needed = counts.map((n) => Math.ceil(n / rows));
    const total = needed.reduce((a, b) => a + b, 0);
    if (total < least) {
      least = total;
      best = { rows, columns: needed, shown: [...counts] };
    }
    if (total <= wanted) break;
  }
  if (best) return best;
  const cut = counts.map((n) => Math.ceil(n / most));
  let total = cut.reduce((a, b) => a + b, 0);
  while (total > maxColumns && Math.max(...cut) > 1) {
    cut[cut.indexOf(Math.max(...cut))]!--;
    total--;
  }
  return { rows: most, columns: cut, shown: counts.map((n, i) => Math.min(n, cut[i]! * most)) };
}
