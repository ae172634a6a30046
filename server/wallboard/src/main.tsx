// The page: its surroundings from the browser, the board, and the first render.
import './style/board.css';
import './style/tiles.css';
import './style/panels.css';
import './style/alerts.css';
import './style/layout.css';
import { render } from 'preact';
import { Board, type Surroundings } from './board';
import { Page } from './page';
import { parameters } from './parameters';
import type { Socket } from './link';
import { Sound } from './sound';
import { WebAudio } from './web_audio';

const asked = parameters(location.search);

function address(path: string, query: Record<string, string>): URL {
  const url = new URL(path, document.baseURI);
  url.search = '';
  url.hash = '';
  if (asked.tenant) url.searchParams.set('tenant', asked.tenant);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** Where the wish for sound is kept; a browser that keeps nothing only forgets it. */
const memory = {
  read(): string | null {
    try { return localStorage.getItem('ringside.sound'); } catch { return null; }
  },
  write(wish: string): void {
    try { localStorage.setItem('ringside.sound', wish); } catch { /* private mode */ }
  },
};
const sound = new Sound(new WebAudio(), memory);

const surroundings: Surroundings = {
  sound,
  connect() {
    const url = address('v1/stream', {});
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return new WebSocket(url.href, 'kpi.v1.json') as unknown as Socket;
  },
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => { setTimeout(run, ms); },
  frame: (run) => {
    if (document.hidden) setTimeout(run, 1000);
    else requestAnimationFrame(run);
  },
  async get(path, query) {
    const response = await fetch(address(path, query).href, { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  },
  reload: () => location.reload(),
};

const board = new Board(surroundings, asked);
document.documentElement.style.setProperty('--scale', String(asked.scale));

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  board.cells.flush();
  board.hurry();
  void stayAwake();
});
addEventListener('online', () => board.hurry());
addEventListener('pointerdown', () => void sound.gesture());
addEventListener('keydown', (event) => {
  void sound.gesture();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'm') void sound.toggle();
  if (event.key !== 'f') return;
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.();
});

async function stayAwake(): Promise<void> {
  try {
    await navigator.wakeLock?.request('screen');
  } catch {
    // Refused on battery or without a secure context; the screen's own settings decide then.
  }
}

void stayAwake();
void sound.gesture();  // a kiosk may be allowed to sound without one
render(<Page board={board} />, document.getElementById('board')!);
board.start();
