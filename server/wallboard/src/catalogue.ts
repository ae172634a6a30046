// The KPI catalogue as /v1/kpis tells it: titles, units, and the limits that colour is judged by. Pure.

export type Unit = 'count' | 'percent' | 'duration' | 'time' | 'ratio' | 'rate' | 'score' | 'text';

/** warn, crit and target are in the KPI's unit; for the unit "time" they are an age in milliseconds. */
export interface Limits {
  warn?: number | null;
  crit?: number | null;
  target?: number | null;
}

export interface Kpi extends Limits {
  id: string;
  title: string;
  unit: Unit;
  direction: 'higher' | 'lower' | 'none';
  formula?: string;
  description?: string;
  decimals?: number;
  /** Limits of single scopes, such as "queue/vip"; they go before the general ones. */
  thresholds?: (Limits & { scope?: string })[];
  /** Sources that cannot tell it, each with what it does not measure. */
  not_told_by?: Record<string, string[]>;
}

export class Catalogue {
  private readonly kpis = new Map<string, Kpi>();

  constructor(kpis: Kpi[] = []) {
    for (const kpi of kpis) this.kpis.set(kpi.id, kpi);
  }

  get(id: string): Kpi | undefined { return this.kpis.get(id); }

  limits(id: string, scope: string): Required<Limits> {
    const kpi = this.kpis.get(id);
    const own = kpi?.thresholds?.find((entry) => entry.scope === scope);
    const any = kpi?.thresholds?.find((entry) => !entry.scope);
    const pick = (name: keyof Limits) => own?.[name] ?? any?.[name] ?? kpi?.[name] ?? null;
    return { warn: pick('warn'), crit: pick('crit'), target: pick('target') };
  }
}
