// Which numbers are judged, and what the band says about the worst of them. Pure but for what it is handed.
import type { Catalogue } from './catalogue';
import { duration, type Format } from './format';
import { Judgement, rank, rule, type Severity } from './severity';
import { strings } from './strings';

export interface Breach {
  row: string;
  kpi: string;
  severity: Severity;
  since: number;
  value: number | null;
}

/** In the order in which they are told: depth and longest wait first, for service level lags behind them. */
export const queueKpis = [
  'oldest_waiting_since', 'waiting', 'service_level', 'abandonment_rate', 'average_speed_of_answer',
];
export const ticketKpis = ['oldest_ticket_since', 'backlog', 'backlog_unassigned', 'first_response_time_median'];
export const tenantKpis = ['sla_overdue', 'sla_at_risk', 'sla_compliance', 'sla_breach_rate', ...ticketKpis];

export class Judge {
  private readonly judgements = new Map<string, Judgement>();

  /** value as on the wire; an instant is judged by its age. Returns nothing when the KPI has no limits. */
  judge(
    catalogue: Catalogue, row: string, kpi: string, value: number | null | undefined, now: number,
  ): Breach | undefined {
    const spec = catalogue.get(kpi);
    let limits = catalogue.limits(kpi, row);
    if (kpi === 'oldest_waiting_since' && limits.warn === null && limits.crit === null) {
      limits = catalogue.limits('longest_wait', row);
    }
    const instant = spec?.unit === 'time' || kpi.endsWith('_since');
    const by = rule(limits, instant ? 'lower' : spec?.direction ?? 'lower', spec?.unit ?? 'count');
    const key = `${row} ${kpi}`;
    if (!by) { this.judgements.delete(key); return undefined; }
    let judgement = this.judgements.get(key);
    if (!judgement) this.judgements.set(key, judgement = new Judgement());
    const judged = value === undefined || value === null ? null : instant ? now - value : value;
    const severity = judgement.judge(judged, by, now);
    return { row, kpi, severity, since: judgement.since, value: judged };
  }

  /** Colour from stale data is forbidden, so what was judged before is not remembered after. */
  clear(): void { this.judgements.clear(); }

  forgetRow(row: string): void {
    for (const key of this.judgements.keys()) {
      if (key.startsWith(`${row} `)) this.judgements.delete(key);
    }
  }
}

export interface Speech {
  severity: Severity;
  words: string;
  more: string;
}

/** What the band says of the breaches; they come sorted by nothing. */
export function speak(
  breaches: Breach[], name: (row: string) => string, catalogue: Catalogue, format: Format,
): Speech | undefined {
  const rows = new Map<string, Breach[]>();
  for (const breach of breaches) {
    if (breach.severity === 'none') continue;
    const list = rows.get(breach.row) ?? [];
    list.push(breach);
    rows.set(breach.row, list);
  }
  if (rows.size === 0) return undefined;
  const top = (list: Breach[]) => Math.max(...list.map((b) => rank[b.severity]));
  const order = [...queueKpis, ...tenantKpis];
  const sorted = [...rows.values()].sort((a, b) => {
    const first = (list: Breach[]) =>
      Math.min(...list.filter((x) => rank[x.severity] === top(list)).map((x) => order.indexOf(x.kpi)));
    return top(b) - top(a) || first(a) - first(b) || a[0]!.since - b[0]!.since;
  });
  const critical = sorted.filter((list) => top(list) === rank.crit && list[0]!.row.startsWith('queue/'));
  if (critical.length > 2) {
    const names = critical.map((list) => name(list[0]!.row));
    const rest = sorted.length - critical.length;
    return {
      severity: 'crit',
      words: strings.band.many(names.length, names.join(', ')),
      more: rest > 0 ? strings.band.more(rest) : '',
    };
  }
  const worst = sorted[0]!;
  const what = worst
    .sort((a, b) => rank[b.severity] - rank[a.severity] || order.indexOf(a.kpi) - order.indexOf(b.kpi))
    .slice(0, 2)
    .sort((a, b) => Number(b.kpi === 'waiting') - Number(a.kpi === 'waiting'))
    .map((breach) => phrase(breach, catalogue, format));
  return {
    severity: top(worst) === rank.crit ? 'crit' : 'warn',
    words: strings.band.row(name(worst[0]!.row), what.join(', ')),
    more: sorted.length > 1 ? strings.band.more(sorted.length - 1) : '',
  };
}

function phrase(breach: Breach, catalogue: Catalogue, format: Format): string {
  const { kpi, value, row } = breach;
  if (kpi === 'oldest_waiting_since') return strings.band.oldest(duration(value));
  if (kpi === 'waiting') return strings.band.waiting(format.number(value), value === 1);
  if (kpi === 'service_level') {
    const { target } = catalogue.limits(kpi, row);
    return strings.band.serviceLevel(format.percentText(value), target === null ? '' : format.percentText(target));
  }
  const spec = catalogue.get(kpi);
  const unit = spec?.unit;
  const text = unit === 'percent' ? format.percentText(value)
    : unit === 'duration' || unit === 'time' ? duration(value)
    : format.number(value, spec?.decimals ?? 0);
  return strings.band.figure(spec?.title ?? kpi.replace(/_/g, ' '), text);
}
