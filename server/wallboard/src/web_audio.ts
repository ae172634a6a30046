// Tones made in the browser, without files. The context is made on the first gesture, not before.
import type { Audio, Tone } from './sound';

const loudness = 0.28;
const edge = 0.012;  // seconds to rise and fall, so that nothing clicks

export class WebAudio implements Audio {
  private context: AudioContext | undefined;

  async unlock(): Promise<boolean> {
    try {
      this.context ??= new AudioContext();
      await this.context.resume();
      return this.context.state === 'running';
    } catch {
      return false;  // no sound device, or the browser wants another gesture
    }
  }

  play(tones: Tone[]): void {
    const context = this.context;
    if (!context) return;
    for (const { pitch, from, long } of tones) {
      const start = context.currentTime + 0.03 + from;
      const voice = context.createOscillator();
      const gain = context.createGain();
      voice.type = 'triangle';
      voice.frequency.value = pitch;
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(loudness, start + edge);
      gain.gain.setValueAtTime(loudness, start + long - edge * 3);
      gain.gain.linearRampToValueAtTime(0, start + long);
      voice.connect(gain).connect(context.destination);
      voice.start(start);
      voice.stop(start + long + 0.02);
    }
  }
}
