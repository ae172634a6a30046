// When the board may be heard. Off until somebody at the screen arms it; browsers allow no sound before a gesture, so
// a page that was armed yesterday waits for the first touch or key of today. Pure but for what it is handed.
import { signal } from '@preact/signals';
import { severityRank, type AlertSeverity } from './alerts';

export interface Audio {
  /** Within a gesture: whether sound may be made from now on. */
  unlock(): Promise<boolean>;
  play(tones: Tone[]): void;
}

export interface Memory {
  read(): string | null;
  write(wish: string): void;
}

/** Hz, and seconds from the beginning of the sound. */
export interface Tone { pitch: number; from: number; long: number }

/** Told apart by number and direction of notes, not by pitch alone. None is longer than a second. */
export const tones: Record<AlertSeverity, Tone[]> = {
  info: [{ pitch: 660, from: 0, long: 0.22 }],
  warning: [{ pitch: 587, from: 0, long: 0.2 }, { pitch: 784, from: 0.24, long: 0.3 }],
  critical: [
    { pitch: 988, from: 0, long: 0.16 }, { pitch: 740, from: 0.2, long: 0.16 },
    { pitch: 988, from: 0.4, long: 0.16 }, { pitch: 740, from: 0.6, long: 0.3 },
  ],
};

const again = 60_000;  // a critical alert that nobody takes care of
const apart = 2_000;   // what comes together sounds once

export type SoundState = 'off' | 'on' | 'blocked';

export class Sound {
  readonly state = signal<SoundState>('off');
  private wanted: AlertSeverity | undefined;  // since the last sound
  private rangAt = -Infinity;

  constructor(private readonly audio: Audio, private readonly memory: Memory) {
    if (memory.read() === 'on') this.state.value = 'blocked';
  }

  /** The button: arms, mutes, arms again. Call it within the gesture. */
  async toggle(): Promise<void> {
    if (this.state.peek() === 'on') {
      this.state.value = 'off';
      this.memory.write('off');
      return;
    }
    this.memory.write('on');
    await this.gesture(true);
  }

  /** Any gesture: what was armed before may be heard again. Says so with a tone only when it was asked for. */
  async gesture(asked = false): Promise<void> {
    if (!asked && this.state.peek() !== 'blocked') return;
    const allowed = await this.audio.unlock();
    if (!asked && this.state.peek() !== 'blocked') return;
    this.state.value = allowed ? 'on' : 'blocked';
    this.wanted = undefined;
    if (allowed && asked) this.audio.play(tones.info);
  }

  ring(severity: AlertSeverity): void {
    if (this.wanted === undefined || severityRank[severity] > severityRank[this.wanted]) this.wanted = severity;
  }

  /**
   * Once a second. `unattended`: a critical alert is there that nobody takes care of. `silent`: quiet hours, or the
   * numbers are old; what came meanwhile is not made up for.
   */
  second(now: number, unattended: boolean, silent: boolean): void {
    const due = this.wanted ?? (unattended && now - this.rangAt >= again ? 'critical' : undefined);
    if (silent || this.state.peek() !== 'on') {
      this.wanted = undefined;
      return;
    }
    if (due === undefined || now - this.rangAt < apart) return;
    this.wanted = undefined;
    this.rangAt = now;
    this.audio.play(tones[due]);
  }
}
