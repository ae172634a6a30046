// Invented alerts and deadlines for the invented call center (docs/stream.md, "alerts" and "deadlines").
const minute = 60_000;
const hour = 60 * minute;

const clock = (id, name, queue, priority, extra) => ({
  record: { kind: 'ticket', id }, clock: name, instance: 1, policy: 'gold', queue, priority, ...extra,
});

/** A day at the help desk; `calm` leaves out what is broken. */
export function inventDeadlines(calm) {
  const now = Date.now();
  const due = (left, target) => ({
    started_at: now - (target - left), deadline_at: now + left, target_ms: target, elapsed_ms: target - left, breached: left < 0, paused: false,
  });
  const list = [
    clock('T-1042', 'first_response', 'billing', 'high', { agent: 'anna.keller', ...due(-14_000, 30 * minute) }),
    clock('T-0981', 'resolution', 'technical', 'urgent', { agent: 'umut.okafor', ...due(-2 * hour, 8 * hour) }),
    clock('T-0772', 'resolution', 'technical', 'normal', due(-51 * hour, 48 * hour)),
    clock('T-1050', 'first_response', 'sales', 'urgent', { warned: 90, agent: 'mia.lindqvist', ...due(74_000, 15 * minute) }),
    clock('T-1031', 'next_reply', 'billing', 'normal', { warned: 75, ...due(11 * minute, 60 * minute) }),
    clock('T-1055', 'first_response', 'technical', 'normal', due(22 * minute, 30 * minute)),
    clock('T-1019', 'resolution', 'complaints', 'high', { agent: 'rosa.moreau', ...due(2 * hour + 41_000, 8 * hour) }),
    clock('T-0890', 'resolution', 'orders', 'low', { ...due(17 * hour, 24 * hour), elapsed_ms: 20 * hour, closed_until: Math.ceil(now / hour) * hour + 8 * hour }),
    clock('T-1003', 'resolution', 'billing', 'normal', { agent: 'ben.keller', started_at: now - 9 * hour, deadline_at: null, target_ms: 24 * hour, elapsed_ms: 5 * hour, breached: false, paused: true }),
  ];
  for (let i = 0; i < 8; i++) list.push(clock(`T-11${10 + i}`, 'resolution', 'orders', 'normal', due((3 + i) * hour, 24 * hour)));
  return calm ? list.filter((deadline) => !deadline.breached) : list;
}

export class Alerts {
  number = 40;
  active = new Map();
  listeners = new Set();

  constructor(calm) {
    if (calm) return;
    const now = Date.now();
    this.put({ key: 'rule/long-wait/queue/sales', name: 'long-wait', scope: 'queue/sales', severity: 'critical', summary: 'Oldest wait, queue/sales: 2:48 (limit 2:00)', fired: now - 252_000 });
    this.put({ key: 'sla/ticket/T-1042/first_response/1', name: 'sla.first_response', scope: 'queue/billing', severity: 'critical', labels: { priority: 'high' }, summary: 'Ticket T-1042: first_response is over its target of 30 min', record: { kind: 'ticket', id: 'T-1042' }, fired: now - 14_000, acknowledged: { by: 'anna', at: now - 9_000 } });
    this.put({ key: 'sla/ticket/T-1050/first_response/1', name: 'sla.first_response', scope: 'queue/sales', severity: 'warning', state: 'pending', step: 'warned', labels: { priority: 'urgent' }, summary: 'Ticket T-1050: first_response has used 90 % of 15 min', record: { kind: 'ticket', id: 'T-1050' }, due: now + 74_000, late: true, at: now - 300_000 });
    this.put({ key: 'rule/backlog/tenant', name: 'backlog', scope: 'tenant', severity: 'warning', summary: 'Open tickets, tenant: 213 (limit 200)', fired: now - 3_900_000, held_back: 'silence', held_why: 'silenced by rosa: migration' });
    this.put({ key: 'rule/abandon/queue/technical', name: 'abandon', scope: 'queue/technical', severity: 'info', summary: 'Abandonment rate, queue/technical: 9 % (limit 8 %)', fired: now - 600_000 });
  }

  put(alert) {
    const now = Date.now();
    this.active.set(alert.key, { state: 'firing', step: 'fired', episode: 1, version: 1, at: now, noticed: now, started: alert.fired ?? now, ...alert });
  }

  /** A transition, told to everybody who listens. */
  change(key, what) {
    const now = Date.now();
    const before = this.active.get(key) ?? { key, name: 'invented', scope: 'tenant', severity: 'warning', episode: 0, version: 0, started: now };
    const alert = { ...before, at: now, noticed: now, ...what, version: before.version + 1 };
    if (alert.step === 'fired') Object.assign(alert, { episode: before.episode + 1, started: now, fired: now, state: 'firing' });
    if (alert.step === 'resolved' || alert.step === 'rescinded') {
      Object.assign(alert, { state: 'normal', ended: now });
      this.active.delete(key);
    } else {
      this.active.set(key, alert);
    }
    this.number++;
    for (const tell of this.listeners) tell({ t: 'alert', number: this.number, change: alert });
  }

  state() { return { t: 'alerts', number: this.number, active: [...this.active.values()] }; }
}
