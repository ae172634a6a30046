// The tenant's last thirty minutes: service level against its target, and calls offered and abandoned. Lines
// carry their name at their end; there is no legend to look up. Absent where no source tells of calls.
import uPlot from 'uplot';
import { useEffect, useRef } from 'preact/hooks';
import type { Board } from './board';
import { useBox, type Box } from './box';
import { Measure } from './figure';
import { strings } from './strings';
import type { ScopeTrend } from './trends';

const ink = '#F2F4F7';
const dim = '#A8B0BD';
const grid = 'rgba(168,176,189,0.13)';

/** Of the axes: whole numbers, for half a call is none. */
const steps = [1, 10, 100, 1_000, 10_000].flatMap((n) => [n, 2 * n, 5 * n]);

interface Line {
  kpi: string;
  label: string;
  color: string;
  dash?: number[];
  percent?: boolean;
}

export function TrendPanel({ board }: { board: Board }) {
  const { target } = board.catalogue.value.limits('service_level', 'tenant');
  const { column, window } = board.column('tenant', 'service_level');
  const level = board.cells.number('tenant', column);
  const offered = board.cells.number('tenant', 'offered@today');
  if (Number.isNaN(level) && Number.isNaN(offered)) return null;
  return (
    <section class="panel trends" aria-label={strings.trends.minutes}>
      <header>
        <h3>{strings.trends.serviceLevel}</h3>
        <b><Measure digits={board.format.percentText(level)} /></b>
        <small>{strings.window(window)}</small>
        <small class="edge">{strings.trends.slices}</small>
      </header>
      <Chart board={board} trend={board.trends.serviceLevel} top={100} target={target}
        lines={[{ kpi: 'service_level', label: '', color: ink, percent: true }]} />
      <header>
        <h3>{strings.trends.volume}</h3>
        <b><Measure digits={board.format.number(offered)} /></b>
        <small>{strings.trends.offered} {strings.window('today')}</small>
        <small class="edge">{strings.trends.perMinute}</small>
      </header>
      <Chart board={board} trend={board.trends.volume} lines={[
        { kpi: 'offered', label: strings.trends.offered, color: ink },
        { kpi: 'abandoned', label: strings.trends.abandoned, color: dim, dash: [5, 4] },
      ]} />
    </section>
  );
}

interface ChartProps {
  board: Board;
  trend: ScopeTrend;
  lines: Line[];
  top?: number;
  target?: number | null;
}

function Chart({ board, trend, lines: all, top, target }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const box = useBox(host);
  const version = trend.version.value;
  const lines = all.filter(({ kpi }) => !Number.isNaN(board.value('tenant', kpi)));
  const told = lines.length;
  useEffect(() => {
    if (box.width === 0 || box.height === 0 || told === 0) return;
    plot.current = new uPlot(options(board, lines, box, top, target ?? null), series(trend, lines, board.now.peek()), host.current!);
    return () => {
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [box, target, told]);
  useEffect(() => { plot.current?.setData(series(trend, lines, board.now.peek())); }, [version, told]);
  return (
    <div class="chart" ref={host} aria-hidden="true">
      {told === 0 || version === 0
        ? <small class="missing">{told === 0 ? board.untold(all[0]!.kpi) : strings.trends.missing}</small> : null}
    </div>
  );
}

function series(trend: ScopeTrend, lines: Line[], now: number): uPlot.AlignedData {
  const first = trend.rings.get(lines[0]!.kpi)!;
  const times: number[] = [];
  const values: (number | null)[][] = lines.map(() => []);
  const end = trend.open ? first.length - 1 : first.length;
  for (let i = 0; i < end; i++) {
    times.push(Math.min(first.end(i), now) / 1000);
    lines.forEach((line, n) => {
      const value = trend.rings.get(line.kpi)!.at(i);
      values[n]!.push(Number.isNaN(value) ? null : value);
    });
  }
  return [times, ...values] as uPlot.AlignedData;
}

function options(board: Board, lines: Line[], box: Box, top: number | undefined, target: number | null): uPlot.Options {
  const size = Math.max(10, 1.55 * box.unit);
  const font = `500 ${size}px ${getComputedStyle(document.body).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: dim, font, ticks: { show: false }, grid: { stroke: grid, width: 1 },
  };
  const percent = lines.some((line) => line.percent);
  const wide = Math.max(...lines.map((line) => line.label.length), percent ? strings.queue.targetLine.length : 0) * size * 0.62;
  return {
    width: box.width,
    height: box.height,
    cursor: { show: false },
    legend: { show: false },
    padding: [size * 0.7, Math.max(size * 1.6, wide + size * 1.4), 0, 0],
    scales: { x: { time: true }, y: { range: (_, least, most) => range(least, most, top) } },
    axes: [
      {
        ...axis, size: size * 1.7, gap: size * 0.35, space: size * 7, grid: { show: false },
        values: (_, at) => at.map((second) => board.format.minute(second * 1000)),
      },
      {
        ...axis, size: size * (percent ? 3.6 : 2.2), gap: size * 0.4, space: size * 2.2, incrs: steps,
        values: (_, at) => at.map((n) => (percent ? board.format.percentText(n) : board.format.number(n))),
      },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => ({
        stroke: line.color, width: Math.max(1.5, box.unit * 0.24), points: { show: false },
        ...(line.dash ? { dash: line.dash } : {}),
      })),
    ],
    hooks: { draw: [(plot) => decorate(plot, lines, target, font, size)] },
  };
}

/** Counts start at zero; a percentage may start higher, in steps of twenty, so that its line has a shape. */
function range(least: number | null, most: number | null, top: number | undefined): [number, number] {
  if (top === undefined) return [0, Math.max(4, Math.ceil((most ?? 4) * 1.15))];
  return [Math.max(0, Math.min(40, Math.floor(((least ?? 0) - 5) / 20) * 20)), top];
}

/** Target line, a dot at each line's end, and its name and newest value beside it. */
function decorate(plot: uPlot, lines: Line[], target: number | null, font: string, size: number): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  if (target !== null) {
    const y = plot.valToPos(target, 'y', true);
    ctx.strokeStyle = dim;
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(plot.bbox.left, y);
    ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = font.replace(/[\d.]+px/, `${size * ratio}px`);
    ctx.fillStyle = dim;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillText(strings.queue.targetLine, plot.bbox.left + plot.bbox.width + size * 0.6 * ratio, y);
  }
  ctx.font = font.replace(/[\d.]+px/, `${size * ratio}px`);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  const times = plot.data[0];
  const labels: { y: number; text: string; color: string }[] = [];
  lines.forEach((line, n) => {
    const values = plot.data[n + 1]!;
    let i = values.length - 1;
    while (i >= 0 && values[i] == null) i--;
    if (i < 0) return;
    const x = plot.valToPos(times[i]!, 'x', true);
    const y = plot.valToPos(values[i]!, 'y', true);
    ctx.fillStyle = line.color;
    ctx.beginPath();
    ctx.arc(x, y, 3 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    if (line.label) labels.push({ y, text: line.label, color: line.color });
  });
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) {
    labels[i]!.y = Math.max(labels[i]!.y, labels[i - 1]!.y + size * 1.25 * ratio);
  }
  const floor = plot.bbox.top + plot.bbox.height;
  for (let i = labels.length - 1; i >= 0; i--) {
    labels[i]!.y = Math.min(labels[i]!.y, floor - (labels.length - 1 - i) * size * 1.25 * ratio);
    ctx.fillStyle = labels[i]!.color;
    ctx.fillText(labels[i]!.text, plot.bbox.left + plot.bbox.width + size * 0.6 * ratio, labels[i]!.y);
  }
  ctx.restore();
}
