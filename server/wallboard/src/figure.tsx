// Numbers on the page. Digits swap at once; those that changed come up from half light within 180 ms, so that a
// change is seen and no number is shown that was never true.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Board } from './board';
import { duration, none, notAvailable } from './format';
import { strings } from './strings';

export const still = typeof matchMedia === 'function' ? matchMedia('(prefers-reduced-motion: reduce)') : undefined;

/** Text whose changed characters light up. Characters keep their place counted from the right. */
export function Digits({ text }: { text: string }) {
  const host = useRef<HTMLSpanElement>(null);
  const shown = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const span = host.current!;
    const before = shown.current;
    shown.current = text;
    while (span.childNodes.length > text.length) span.removeChild(span.firstChild!);
    while (span.childNodes.length < text.length) {
      span.insertBefore(document.createElement('span'), span.firstChild);
    }
    for (let i = 0; i < text.length; i++) {
      const cell = span.childNodes[i] as HTMLSpanElement;
      const old = before?.[before.length - text.length + i];
      if (cell.textContent !== text[i]) cell.textContent = text[i]!;
      if (before !== undefined && old !== text[i] && !still?.matches) {
        cell.animate?.([{ opacity: 0.25 }, { opacity: 1 }], { duration: 180, easing: 'ease-out' });
      }
    }
  }, [text]);
  return <span class="digits" ref={host} />;
}

/** A span of time that goes on, from the instant at which it began; stands still when the numbers do. */
export function Since({ board, row, column }: { board: Board; row: string; column: string }) {
  const since = board.cells.number(row, column);
  const told = since ?? NaN;
  if (Number.isNaN(told)) return <Measure digits={duration(since)} />;
  return <span class="digits">{duration(board.ticking.value - told)}</span>;
}

/** A number with its unit, smaller and dimmer than the digits. */
export function Measure({ digits, unit }: { digits: string; unit?: string }) {
  const missing = digits === notAvailable;
  return (
    <span class={digits === none || missing ? 'measure unknown' : 'measure'} {...(missing ? { title: strings.notAvailable } : {})}>
      <Digits text={digits} />
      {unit ? <span class="unit">{unit}</span> : null}
    </span>
  );
}
