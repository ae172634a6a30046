// The state band: quiet when all is well, otherwise the worst in words. Read from eight metres in one second.
import { useEffect, useRef, useState } from 'preact/hooks';
import { sentence } from './alert_band';
import { severityRank, unattended } from './alerts';
import type { Board } from './board';
import { SeverityMark } from './marks';
import { rank, type Severity } from './severity';
import { SoundButton } from './sound_button';
import { frozen } from './staleness';
import { strings } from './strings';

interface Said {
  tone: 'well' | 'warn' | 'crit' | 'lost';
  words: string;
  more: string;
  /** Somebody else reads it out. */
  spoken?: boolean;
}

function say(board: Board): Said {
  const { level, cause, age } = board.freshness.value;
  const lost = (words: string): Said => ({ tone: 'lost', words, more: '' });
  if (board.refusal.value) return lost(strings.band.refused(board.refusal.value));
  if (!board.started.value) {
    return level === 'dead' || level === 'stale'
      ? lost(strings.band.unreachable(board.age(age)))
      : { tone: 'well', words: strings.band.connecting, more: '' };
  }
  if (frozen(level)) {
    const at = board.format.clock(board.asof.value);
    const old = board.age(age);
    if (cause === 'source') return lost(strings.band.sourceDead(old, at));
    if (cause === 'engine') return lost(strings.band.engineDead(old, at));
    return lost(level === 'dead' ? strings.band.dead(old, at) : strings.band.stale(old, at));
  }
  const speech = board.speech.value;
  // An alert that is worse than anything the queues show goes before it; one that somebody takes care of does not.
  const loud = board.alertsOld.value ? [] : board.feeds.alerts.value.filter(unattended);
  const alert = loud[0];
  const others = loud.length - 1;
  if (alert && severityRank[alert.severity] > (speech ? rank[speech.severity] : 0)) {
    return { tone: alert.severity === 'critical' ? 'crit' : 'warn', words: sentence(board, alert),
      more: others > 0 ? strings.band.more(others) : '', spoken: true };
  }
  if (speech) return { tone: speech.severity as 'warn' | 'crit', words: speech.words, more: speech.more };
  const nothing = cause === 'source' && age < 0;
  return { tone: 'well', words: nothing ? strings.link.noEvents : strings.band.well(board.queues.value.length), more: '' };
}

export function Band({ board }: { board: Board }) {
  const said = say(board);
  const severity: Severity = said.tone === 'warn' || said.tone === 'crit' ? said.tone : 'none';
  return (
    <header class="band" data-tone={said.tone}>
      <p class="said" data-long={String(said.words.length > 44)}>
        <SeverityMark severity={severity} />
        <span class="words">{said.words}</span>
        {said.more ? <span class="more">{said.more}</span> : null}
      </p>
      {said.spoken ? null : <Announcement text={said.more ? `${said.words}, ${said.more}` : said.words} tone={said.tone} />}
      <SoundButton board={board} />
      <LinkState board={board} />
      <div class="clock">
        <time class="time">{board.format.clock(board.now.value)}</time>
        <span class="date">{board.format.date(board.now.value)}</span>
      </div>
    </header>
  );
}

function LinkState({ board }: { board: Board }) {
  const { level, cause, age } = board.freshness.value;
  const words = !board.started.value ? strings.band.connecting
    : cause === 'source' && age < 0 ? strings.link.noEvents
    : level === 'fresh' ? strings.link.live
    : level === 'dead' ? strings.link.dead
    : level === 'stale' ? strings.link.stale(board.age(age))
    : cause === 'source' ? strings.link.quiet(board.age(age))
    : strings.link.late(board.age(age));
  const skew = board.skew.value;
  return (
    <div class="link" data-level={level} data-cause={cause}>
      <span class="dot" />
      <span class="state">{words}</span>
      {skew ? <span class="skew">{strings.link.skew(board.age(Math.abs(skew)))}</span> : null}
    </div>
  );
}

/** For a screen reader: not every second's timer, only when the matter changes, and every ten seconds at most. */
function Announcement({ text, tone }: { text: string; tone: string }) {
  const [spoken, setSpoken] = useState(text);
  const latest = useRef(text);
  const at = useRef(-Infinity);
  latest.current = text;
  const matter = tone + text.replace(/\d+/g, '');
  useEffect(() => {
    const wait = Math.max(0, at.current + 10_000 - performance.now());
    const timer = setTimeout(() => {
      at.current = performance.now();
      setSpoken(latest.current);
    }, wait);
    return () => clearTimeout(timer);
  }, [matter]);
  return <span class="unseen" role="status" aria-live="polite">{spoken}</span>;
}
