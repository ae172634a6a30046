// Numbers and durations as people read them. Pure; the locale is the reader's.

export const none = '–';  // no data: never 0, never blank
export const notAvailable = 'n/a';  // there will be none either: no source of the scope tells of it

export interface Figure {
  digits: string;
  unit: string;
}

/** What stands for a value that is no number: NaN is what no source can tell, all else what is not known. */
function absent(value: number | null | undefined): string {
  return Number.isNaN(value) ? notAvailable : none;
}

export class Format {
  private readonly numbers = new Map<number, Intl.NumberFormat>();
  private readonly percents = new Map<number, Intl.NumberFormat>();
  private readonly clockForm: Intl.DateTimeFormat;
  private readonly minuteForm: Intl.DateTimeFormat;
  private readonly dateForm: Intl.DateTimeFormat;
  private readonly weekdayForm: Intl.DateTimeFormat;

  constructor(readonly locale: string | undefined, zone?: string) {
    const hour = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    const at = zone ? { timeZone: zone } : {};
    this.clockForm = new Intl.DateTimeFormat(locale, { ...hour, second: '2-digit', ...at });
    this.minuteForm = new Intl.DateTimeFormat(locale, { ...hour, ...at });
    this.dateForm = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', ...at });
    this.weekdayForm = new Intl.DateTimeFormat(locale, { weekday: 'short', ...hour, ...at });
  }

  clock(at: number): string { return this.clockForm.format(at); }
  minute(at: number): string { return this.minuteForm.format(at); }
  date(at: number): string { return this.dateForm.format(at); }

  /** An instant as one says it now: 14:03, Mon 08:00 within six days, otherwise only its date. */
  moment(at: number, now: number): string {
    if (this.date(at) === this.date(now) && Math.abs(at - now) < 86_400_000) return this.minute(at);
    return Math.abs(at - now) < 6 * 86_400_000 ? this.weekdayForm.format(at) : this.date(at);
  }

  number(value: number | null | undefined, decimals = 0): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return absent(value);
    let form = this.numbers.get(decimals);
    if (!form) {
      form = new Intl.NumberFormat(this.locale, { maximumFractionDigits: decimals });
      this.numbers.set(decimals, form);
    }
    return form.format(value);
  }

  /** value in 0..100; the sign apart from the digits, where the locale puts it after them. */
  percent(value: number | null | undefined, decimals = 0): Figure {
    if (value === null || value === undefined || !Number.isFinite(value)) return { digits: absent(value), unit: '' };
    let form = this.percents.get(decimals);
    if (!form) {
      form = new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: decimals });
      this.percents.set(decimals, form);
    }
    const parts = form.formatToParts(value / 100);
    const sign = parts.findIndex((part) => part.type === 'percentSign');
    const digits = parts.filter((_, i) => i < sign || sign < 0).map((part) => part.value).join('').trim();
    if (digits === '') return { digits: form.format(value / 100), unit: '' };
    return { digits, unit: parts.slice(sign).map((part) => part.value).join('') };
  }

  percentText(value: number | null | undefined): string {
    const figure = this.percent(value);
    return figure.digits + figure.unit;
  }
}

/** m:ss, from one hour h:mm:ss, from one day in days and hours. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return absent(ms);
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  if (days > 0) return `${days} d ${hours} h`;
  const minutes = Math.floor((seconds % 3_600) / 60);
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

/** Long durations where seconds only distract: 4:05 h becomes "4 h 05 min". */
export function roughly(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return absent(ms);
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes >= 1_440) return duration(ms);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** "Carla Lindqvist" is "Carla L." where there is little room; what has a number in it differs by that. */
export function shortName(name: string): string {
  const words = name.split(' ');
  if (name.length <= 8 || words.length < 2 || /\d/.test(name)) return name;
  return `${words[0]} ${words[words.length - 1]!.charAt(0)}.`;
}

/** What people call the thing behind a scope key, as far as the key tells: "team/first-line" is "First line". */
export function displayName(key: string): string {
  const id = key.slice(key.indexOf('/') + 1);
  const person = key.startsWith('agent/');
  const words = id.split(person ? /[._\-\s]+/ : /[_\-\s]+/).filter(Boolean);
  if (words.length === 0) return id;
  return words
    .map((word, i) => (i === 0 || person ? word.charAt(0).toLocaleUpperCase() + word.slice(1) : word))
    .join(' ');
}
