// The drawn signs of the page. Shapes carry the meaning, for one man in twelve does not see the colours.
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
      {strings.severity[severity]}
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
