// Thirty minutes of one queue on a small canvas: what waits as a line, what came as bars behind it. Never coloured by
// value: the tile says what is good or bad, the line says how it came.
import { useEffect, useRef } from 'preact/hooks';
import type { Board } from './board';
import { useBox } from './box';
import type { Ring } from './ring';

export function Sparkline({ board, row }: { board: Board; row: string }) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useBox(host);
  const trend = board.trends.queue(row, board.ofTickets(row));
  const version = trend.version.value;
  const severity = board.severities.value.get(row) ?? 'none';
  useEffect(() => {
    const [level, bars] = trend.rings.values();
    draw(canvas.current!, level!, bars!);
  }, [version, box, severity]);
  return <div class="canvas" ref={host}><canvas ref={canvas} aria-hidden="true" /></div>;
}

function draw(canvas: HTMLCanvasElement, level: Ring, bars: Ring): void {
  const ratio = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (width === 0 || height === 0) return;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, width, height);
  const color = getComputedStyle(canvas).color;
  const thick = Math.min(2.4 * ratio, Math.max(1.5, height / 34));
  const top = (ring: Ring, least: number) => {
    let most = least;
    for (let i = 0; i < ring.length; i++) if (ring.at(i) > most) most = ring.at(i);
    return most;
  };
  const step = width / level.length;
  const inner = height - 2 * thick;

  context.fillStyle = color;
  context.globalAlpha = 0.22;
  const mostBars = top(bars, 4);
  for (let i = 0; i < bars.length; i++) {
    const tall = (bars.at(i) / mostBars) * inner * 0.55;
    if (tall > 0) context.fillRect(i * step, height - tall, Math.max(1, step * 0.62), tall);
  }
  context.globalAlpha = 0.28;
  context.fillRect(0, height - 1, width, 1);

  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = thick;
  context.lineJoin = 'round';
  const most = top(level, 4);
  context.beginPath();
  let drawing = false;
  for (let i = 0; i < level.length; i++) {
    const value = level.at(i);
    if (Number.isNaN(value)) { drawing = false; continue; }
    const x = (i + 0.5) * step;
    const y = thick + inner * (1 - value / most);
    if (drawing) context.lineTo(x, y);
    else context.moveTo(x, y);
    drawing = true;
  }
  context.stroke();
  if (!Number.isNaN(level.last)) {
    context.beginPath();
    context.arc(width - step, thick + inner * (1 - level.last / most), thick * 1.6, 0, 2 * Math.PI);
    context.fill();
  }
}
