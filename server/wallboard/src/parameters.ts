// What the address may ask for: ?tenant= ?view= ?u= (size of everything, 1 is normal) ?locale= ?dim=22-6 (hours in
// which the screen is dimmed). Anything unreadable counts as absent. Pure.

export interface Parameters {
  tenant: string;
  view: string;
  scale: number;
  locale: string | undefined;
  dim: [number, number] | undefined;
}

export function parameters(search: string): Parameters {
  const asked = new URLSearchParams(search);
  const scale = Number(asked.get('u') ?? 1);
  const dim = /^(\d{1,2})-(\d{1,2})$/.exec(asked.get('dim') ?? '');
  const locale = asked.get('locale') ?? undefined;
  return {
    tenant: asked.get('tenant') ?? '',
    view: asked.get('view') || 'wallboard',
    scale: scale >= 0.5 && scale <= 1.5 ? scale : 1,
    locale: locale && known(locale) ? locale : undefined,
    dim: dim ? [Number(dim[1]) % 24, Number(dim[2]) % 24] : undefined,
  };
}

function known(locale: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

export function dimmed(hour: number, hours: [number, number] | undefined): boolean {
  if (!hours) return false;
  const [from, to] = hours;
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}
