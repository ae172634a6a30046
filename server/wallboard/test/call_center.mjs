// An invented call center: six queues, five teams, forty-eight agents. Repeats itself for the same seed, as far
// as the time at which it is asked allows.

const queues = ['billing', 'complaints', 'sales', 'technical', 'vip', 'orders', 'returns', 'delivery', 'partners',
  'press', 'fraud', 'travel', 'insurance', 'renewals', 'retention', 'french', 'polish', 'turkish', 'chat', 'callbacks'];
const teams = ['berlin', 'first-line', 'back-office', 'night-desk', 'partners'];
const first = ['anna', 'ben', 'carla', 'deniz', 'eva', 'finn', 'gina', 'hugo', 'ines', 'jonas', 'kira', 'leon',
  'mia', 'nils', 'olga', 'paul', 'rosa', 'sven', 'tara', 'umut', 'vera', 'wim', 'yara', 'zoe'];
const last = ['keller', 'okafor', 'lindqvist', 'moreau'];

const kpi = (id, title, unit, direction, limits = {}, formula = '') => ({
  id, version: 1, title, unit, direction, formula, attribution: 'event', description: `${title}.`, decimals: 1,
  live: !formula, warn: null, crit: null, target: null, ...limits,
});
export const catalogue = [
  kpi('waiting', 'Waiting', 'count', 'lower', { warn: 8, crit: 12, not_told_by: { records: ['waiting'] } }),
  kpi('oldest_waiting_since', 'Oldest wait', 'time', 'lower', { warn: 90_000, crit: 150_000 }),
  kpi('service_level', 'Service level', 'percent', 'higher', { warn: 75, crit: 60, target: 80 },
    'answered_in_target / (answered + abandoned - short_abandoned)'),
  kpi('abandonment_rate', 'Abandonment rate', 'percent', 'lower', { warn: 8, crit: 15 }, 'abandoned / offered'),
  kpi('average_speed_of_answer', 'Average speed of answer', 'duration', 'lower', { warn: 60_000, crit: 120_000 },
    'wait_answered / answered'),
  kpi('sla_overdue', 'SLA overdue', 'count', 'lower', { warn: 1, crit: 10 }),
  kpi('sla_compliance', 'SLA compliance', 'percent', 'higher', { warn: 90, crit: 80, target: 95 }, 'sla_met / (sla_met + sla_breached)'),
  kpi('backlog', 'Open tickets', 'count', 'lower', { warn: 500, crit: 800 }),
];

function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const states = [['on_contact', 0.46], ['available', 0.22], ['wrap_up', 0.1], ['break', 0.08], ['ringing', 0.04],
  ['meeting', 0.05], ['training', 0.03], ['on_hold', 0.02]];

export class CallCenter {
  constructor(seed, calm, size = 6) {
    this.random = random(seed);
    this.calm = calm;
    const now = Date.now();
    this.queues = queues.slice(0, size).map((name, i) => ({
      name, offered: 60 + i * 13, abandoned: 3 + (i % 3), sl: 82 + (i % 6) * 2.1, asa: 14_000 + i * 2300,
      line: i === 5 ? [] : Array.from({ length: i % 4 }, (_, n) => now - 6_000 - n * 9_000),
    }));
    this.agents = Array.from({ length: 48 }, (_, i) => ({
      id: `${first[i % 24]}.${last[Math.floor(i / 12)]}`, team: teams[i % 5],
      state: this.pick(), since: now - this.random() * 400_000,
    }));
    this.tickets = { backlog: 214, unassigned: 18, created: 131, resolved: 119, response: 1_560_000 };
  }

  pick() {
    let r = this.random();
    for (const [state, share] of states) if ((r -= share) < 0) return state;
    return 'available';
  }

  step() {
    const now = Date.now();
    this.queues.forEach((queue, i) => {
      const trouble = !this.calm && i === 2;
      if (this.random() < (trouble ? 0.1 : 0.045)) { queue.line.push(now); queue.offered++; }
      const old = queue.line.length > 0 && now - queue.line[0] > (trouble ? 190_000 : 40_000);
      if (queue.line.length && (this.random() < (trouble ? 0.04 : 0.05) || old) && !(trouble && queue.line.length < 13)) {
        queue.line.shift();
        queue.sl += (Math.min(96, trouble ? 55 : 90) - queue.sl) * 0.02;
      }
      if (trouble && queue.line.length < 13) queue.line.unshift(now - 168_000 + queue.line.length * 9_000);
      if (trouble) { queue.sl = 58.3; queue.asa = 71_000; queue.line.sort((a, b) => a - b); }
    });
    if (!this.calm && this.queues[3]) this.queues[3].sl = 71.2;
    for (const agent of this.agents) {
      if (this.random() > 0.006) continue;
      agent.state = this.pick();
      agent.since = now;
    }
    if (this.random() < 0.02) { this.tickets.created++; this.tickets.backlog++; }
    if (this.random() < 0.02) { this.tickets.resolved++; this.tickets.backlog--; }
  }

  count(agents) {
    const of = (...named) => agents.filter((agent) => named.includes(agent.state)).length;
    return {
      agents_logged_in: agents.length, agents_available: of('available'), agents_on_contact: of('on_contact', 'on_hold'),
      agents_wrap_up: of('wrap_up'), agents_ringing: of('ringing'), agents_on_break: of('break'),
      agents_away: of('meeting', 'training', 'away'),
    };
  }

  cells() {
    const rows = {};
    const round = (n) => Math.round(n * 10) / 10;
    for (const queue of this.queues) {
      rows[`queue/${queue.name}`] = {
        waiting: queue.line.length, oldest_waiting_since: queue.line[0] ?? null,
        'service_level@30m': queue.name === 'vip' ? null : round(queue.sl), 'average_speed_of_answer@30m': Math.round(queue.asa),
        'abandonment_rate@30m': round((queue.abandoned / queue.offered) * 100), 'offered@30m': queue.offered,
        'offered@today': 640 + queue.offered,
      };
    }
    const sum = (name) => this.queues.reduce((total, queue) => total + queue[name], 0);
    for (const team of teams) rows[`team/${team}`] = this.count(this.agents.filter((agent) => agent.team === team));
    for (const agent of this.agents) {
      rows[`agent/${agent.id}`] = { state: agent.state, state_since: Math.round(agent.since), team: agent.team };
    }
    rows.tenant = {
      waiting: this.queues.reduce((n, queue) => n + queue.line.length, 0), ...this.count(this.agents),
      'service_level@30m': round(sum('sl') / this.queues.length), 'offered@today': 3840 + sum('offered'), 'abandoned@today': 150 + sum('abandoned'),
      backlog: this.tickets.backlog, backlog_unassigned: this.tickets.unassigned,
      oldest_ticket_since: Math.floor(Date.now() / 60_000) * 60_000 - 190_000_000,
      'tickets_created@today': this.tickets.created, 'tickets_resolved@today': this.tickets.resolved,
      'first_response_time_median@today': this.tickets.response,
      sla_overdue: this.calm ? 0 : 3, sla_at_risk: this.calm ? 0 : 2, 'sla_compliance@today': 94.2, 'sla_compliance@30m': 91,
      'sla_breach_rate@today': 5.8,
    };
    if (this.untold) this.withhold(rows);
    return rows;
  }

  /** What a server shows whose sources are a help desk and records of calls that came in one queue. */
  withhold(rows) {
    const never = (row, columns) => columns.forEach((column) => { row[column] = 'not_available'; });
    for (const key of Object.keys(rows)) if (/^(agent|team)/.test(key)) delete rows[key];
    for (const key of Object.keys(rows).filter((key) => key.startsWith('queue/'))) never(rows[key], ['waiting', 'oldest_waiting_since']);
    never(rows.tenant, ['waiting', 'agents_logged_in', 'agents_available']);
    const calls = Object.keys(rows['queue/billing']);
    never(rows['queue/billing'], calls);
    Object.assign(rows['queue/billing'], { backlog: 41, oldest_ticket_since: Date.now() - 7_400_000, 'tickets_created@today': 7 });
  }

  trend(query) {
    const text = query.get('step');
    const step = parseInt(text, 10) * (text.endsWith('m') ? 60_000 : 1000);
    const n = (Number(query.get('minutes')) * 60_000) / step;
    const from = (Math.floor(Date.now() / step) - n + 1) * step;
    const scope = query.get('scope');
    const draw = random(scope.length * 977 + step);
    const trouble = scope.endsWith('sales') && !this.calm;
    const shape = {
      waiting: (i) => Math.max(0, Math.round((trouble ? (i / n) ** 2 * 13 : 2.2) + Math.sin(i / 5) * 1.6 + draw() * 1.6 - 0.9)),
      offered: () => Math.round((scope === 'tenant' ? 9 : 1.4) * (0.6 + draw())),
      abandoned: () => Math.round(draw() * 1.6),
      backlog: (i) => 40 + (i % 3),
      tickets_created: () => Math.round(draw()),
      service_level: (i) => Math.round(84 + Math.sin(i) * 6 - (trouble ? i : 0)),
    };
    const values = {};
    for (const id of query.get('kpi').split(',')) values[id] = Array.from({ length: n }, (_, i) => shape[id](i));
    return { scope, from, step_ms: step, values };
  }
}
