// The drawn signs of the page. Shapes carry the meaning, for one man in twelve does not see the colours.
import type { AlertSeverity } from './alerts';
import type { Severity } from './severity';
import { strings } from './strings';

export function SeverityMark({ severity }: { severity: Severity }) {
  if (severity === 'none') return null;
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      {severity === 'warn' ? <path d="M8 1.5 15.2 14.5H.8z" /> : <path d="M2 2h12v12H2z" />}
    </svg>
  );
}

export function SeverityWord({ severity }: { severity: Severity }) {
  if (severity === 'none') return null;
  return (
    <span class="severity">
      <SeverityMark severity={severity} />
      <span>{strings.severity[severity]}</span>
    </span>
  );
}

const ring = <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" stroke-width="2" />;

const states: Record<string, preact.ComponentChildren> = {
  available: ring,
  ringing: <>{ring}<circle cx="8" cy="8" r="2.4" /></>,
  on_contact: <circle cx="8" cy="8" r="6.6" />,
  on_hold: <path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z" />,
  wrap_up: <>{ring}<path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" /></>,
  break: <path d="M2 6.6h12v2.8H2z" />,
  meeting: <path d="M3 3h10v10H3z" fill="none" stroke="currentColor" stroke-width="2" />,
  training: <path d="M8 2.6 14 13H2z" fill="none" stroke="currentColor" stroke-width="2" />,
  away: <path d="m3.4 3.4 9.2 9.2m0-9.2-9.2 9.2" fill="none" stroke="currentColor" stroke-width="2" />,
};

export function StateMark({ state }: { state: string }) {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      {states[state] ?? <circle cx="8" cy="8" r="2" />}
    </svg>
  );
}

const line = { fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;

/** An alert's severity by shape: square, triangle, circle; only the outline of what is over. */
export function AlertMark({ severity, over }: { severity: AlertSeverity; over: boolean }) {
  const shape = severity === 'critical' ? 'M3 3h10v10H3z' : severity === 'warning' ? 'M8 2.6 14 13.5H2z' : 'M8 2a6 6 0 0 1 0 12A6 6 0 0 1 8 2z';
  return <svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d={shape} {...line} fill={over ? 'none' : 'currentColor'} /></svg>;
}

const signs: Record<string, preact.ComponentChildren> = {
  acknowledged: <path d="m2.5 8.5 3.8 4L13.5 4" {...line} />,
  over: <path d="M3 8h10" {...line} />,
  overdue: <path d="M2 2h12v12H2z" />,
  soon: <path d="M8 1.5 15.2 14.5H.8z" />,
  running: <><circle cx="8" cy="8" r="6" {...line} /><path d="M8 4.6V8l2.4 1.8" {...line} /></>,
  paused: <path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z" />,
  closed: <path d="M12.8 10.6A5.8 5.8 0 0 1 5.9 2.6a5.8 5.8 0 1 0 6.9 8z" />,
  bell: <path d="M8 1.8a4 4 0 0 0-4 4v3.4L2.6 12h10.8L12 9.2V5.8a4 4 0 0 0-4-4zM6.6 14.2h2.8" {...line} />,
  mute: <path d="M4 9.2V5.8a4 4 0 0 1 7-2.6M12 6.4v2.8L13.4 12H6M2 14 14 2" {...line} />,
};

/** Nothing, where the kind has no sign. */
export function Mark({ kind }: { kind: string }) {
  return signs[kind] && <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">{signs[kind]}</svg>;
}
