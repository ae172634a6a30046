// What the address may ask for: ?tenant= ?view= ?u= (size of everything, 1 is normal) ?locale= ?dim=22-6 (hours in
// which the screen is dimmed) ?quiet=22-6 (hours in which it is never heard). Anything unreadable counts as absent. Pure.

export interface Parameters {
  tenant: string;
  view: string;
  scale: number;
  locale: string | undefined;
  dim: Hours | undefined;
  quiet: Hours | undefined;
}

/** From the first hour of the day to the second, which is not part of it; over midnight if that is the lesser. */
export type Hours = [number, number];

export function parameters(search: string): Parameters {
  const asked = new URLSearchParams(search);
  const scale = Number(asked.get('u') ?? 1);
  const locale = asked.get('locale') ?? undefined;
  return {
    tenant: asked.get('tenant') ?? '',
    view: asked.get('view') || 'wallboard',
    scale: scale >= 0.5 && scale <= 1.5 ? scale : 1,
    locale: locale && known(locale) ? locale : undefined,
    dim: hours(asked.get('dim')),
    quiet: hours(asked.get('quiet')),
  };
}

function hours(text: string | null): Hours | undefined {
  const read = /^(\d{1,2})-(\d{1,2})$/.exec(text ?? '');
  return read ? [Number(read[1]) % 24, Number(read[2]) % 24] : undefined;
}

function known(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

export function within(hour: number, hours: Hours | undefined): boolean {
  if (!hours) return false;
  const [from, to] = hours;
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}
