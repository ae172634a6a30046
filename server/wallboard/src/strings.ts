// Every word the page says, in one place, so that a translation is one file. Sentences are functions of what
// they mention, because other languages order it differently.
import type { AlertSeverity } from './alerts';
import type { Standing } from './deadlines';
import type { Severity } from './severity';
import type { SoundState } from './sound';

const plural = (n: number, one: string, many: string) => (n === 1 ? one : many);

export const strings = {
  title: (tenant: string) => (tenant ? `${tenant} – wallboard` : 'Wallboard'),
  severity: { none: '', warn: 'Warning', crit: 'Critical' } as Record<Severity, string>,

  window: (id: string) =>
    id === 'today' ? 'today' : id === '60m' ? 'last hour' : id === '1m' ? 'last minute' : `last ${id.slice(0, -1)} min`,

  band: {
    well: (queues: number) =>
      queues === 0 ? 'Nothing is beyond its limits' : queues === 1 ? 'The queue is within its limits' : `All ${queues} queues are within their limits`,
    waiting: (n: string, one: boolean) => (one ? '1 caller waiting' : `${n} callers waiting`),
    oldest: (age: string) => `oldest wait ${age}`,
    serviceLevel: (value: string, target: string) =>
      target ? `service level ${value}, target ${target}` : `service level ${value}`,
    figure: (title: string, value: string) => `${title.toLowerCase()} ${value}`,
    row: (name: string, what: string) => `${name}: ${what}`,
    tenant: 'All together',
    many: (n: number, names: string) => `${n} queues critical: ${names}`,
    more: (n: number) => `and ${n} more`,
    connecting: 'Connecting …',
    unreachable: (age: string) => `No connection to the server for ${age}`,
    dead: (age: string, at: string) => `No live data for ${age}, showing ${at}`,
    stale: (age: string, at: string) => `Data is ${age} old, showing ${at}`,
    engineDead: (age: string, at: string) => `The numbers have stood still for ${age}, showing ${at}`,
    sourceDead: (age: string, at: string) => `No events have come in for ${age}, showing ${at}`,
    refused: (why: string) => `The server does not offer this board: ${why}`,
  },

  link: {
    live: 'Live',
    late: (age: string) => `Late ${age}`,
    stale: (age: string) => `Stale ${age}`,
    dead: 'No live data',
    noEvents: 'No events yet',
    quiet: (age: string) => `Quiet ${age}`,
    skew: (by: string) => `this screen's clock is off by ${by}`,
  },

  queues: 'Queues',
  queue: {
    waiting: 'waiting',
    oldest: 'oldest wait',
    serviceLevel: 'service level',
    target: (value: string) => `target ${value}`,
    targetLine: 'target',
    answer: 'to answer',
    abandoned: 'abandoned',
    free: 'free agents',
    trend: 'waiting, bars: offered',
    details: 'What these numbers mean',
  },

  teams: { heading: 'Teams', free: 'free', of: (all: string) => `/ ${all}` },

  agents: {
    heading: 'Agents',
    more: (n: number) => `+${n}`,
    nobody: 'Nobody is logged in',
    states: {
      available: 'Free',
      ringing: 'Ringing',
      on_contact: 'On contact',
      on_hold: 'On hold',
      wrap_up: 'Wrap-up',
      break: 'Break',
      meeting: 'Meeting',
      training: 'Training',
      away: 'Away',
    } as Record<string, string>,
  },

  tickets: {
    heading: 'Tickets',
    backlog: 'open',
    unassigned: 'unassigned',
    oldest: 'oldest',
    created: 'created',
    resolved: 'resolved',
    response: 'first response',
    median: 'median, ',
    trend: 'open, bars: created',
  },

  alerts: {
    heading: 'Alerts',
    none: 'No alerts',
    severity: { info: 'Information', warning: 'Warning', critical: 'Critical' } as Record<AlertSeverity, string>,
    more: (n: number) => `+${n} more`,
    clock: (what: string, id: string) => `${what.charAt(0).toUpperCase()}${what.slice(1)} ${id}`,
    overdueClock: (clock: string, warned: boolean) => `${clock} ${warned ? 'is nearly due' : 'is overdue'}`,
    age: (age: string) => `for ${age}`,
    overdue: (age: string) => `overdue for ${age}`,
    due: (left: string) => `due in ${left}`,
    from: (at: string) => `since ${at}`,
    acknowledged: (by: string) => (by ? `${by} takes care` : 'taken care of'),
    held: (kind: string) => `held back (${kind})`,
    late: 'found out late',
    recovering: 'recovering',
    noData: 'no data',
    escalated: 'escalated',
    flapping: 'flapping',
    resolved: (lasted: string) => `Resolved after ${lasted}`,
    rescinded: (why: string) => `Rescinded, it never was${why ? `: ${why}` : ''}`,
    unseen: 'Over; ended unseen, while not connected',
    spokenOver: (step: string, words: string) => `${step === 'rescinded' ? 'Rescinded' : 'Resolved'}: ${words}`,
    lost: (from: number, to: number, complete: boolean) =>
      `${to > from ? `${to - from + 1} alert changes were` : 'An alert change was'} lost on the way here; `
      + (complete ? 'what is shown is complete again' : 'what is shown may be wrong'),
    refused: (why: string) => `The server gives no alerts: ${why}`,
    asOf: (at: string) => `Alerts as of ${at}`,
  },

  sla: {
    heading: 'Promises and deadlines',
    overdue: 'overdue',
    atRisk: 'at risk',
    kept: 'SLA kept',
    breached: 'SLA broken',
    next: 'Next deadlines',
    none: 'No clock is running',
    more: (n: number) => `${n} more`,
    moreOverdue: (n: number) => `${n} more overdue`,
    asOf: (at: string) => `standing still since ${at}`,
    clocks: {
      first_response: 'first response',
      next_reply: 'next reply',
      periodic_update: 'update',
      requester_wait: 'customer waiting',
      agent_work: 'work time',
      resolution: 'resolution',
      answer: 'answer',
      callback: 'callback',
      voicemail: 'voicemail',
    } as Record<string, string>,
    time: (standing: Standing, time: string) => (standing === 'overdue' ? `+${time}` : standing === 'now' ? 'now' : time),
    broke: (at: string) => `broken ${at}`,
    overduePaused: 'broken, paused',
    due: (at: string) => `due ${at}`,
    paused: 'paused',
    closed: (until: string) => `closed until ${until}`,
  },

  sound: {
    states: { off: 'Sound off', on: 'Sound on', blocked: 'Touch for sound' } as Record<SoundState, string>,
    quiet: 'Quiet hours',
    hint: 'Sound (m)',
  },

  trends: {
    serviceLevel: 'Service level',
    volume: 'Calls',
    perMinute: 'per minute',
    offered: 'offered',
    abandoned: 'abandoned',
    minutes: 'last 30 min',
    slices: '5 min steps',
    missing: 'No history yet',
  },

  details: {
    close: 'Close',
    formula: 'Formula',
    limits: (warn: string, crit: string) => `Warning at ${warn}, critical at ${crit}`,
    none: 'The server has no definition for these numbers.',
    untold: (by: [string, string[]][]) =>
      `Not available${by.map(([source, what]) => `; ${source} does not tell ${what.join(', ')}`).join('')}`,
  },

  now: 'now',
  notAvailable: 'Not available from this source',
  untold: (sources: string) => (sources ? `not told by ${sources}` : 'not told by its source'),
  noQueues: 'No queues',
  moreQueues: (n: number) => `${n} more ${plural(n, 'queue', 'queues')}`,
};
