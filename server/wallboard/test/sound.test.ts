import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sound, tones, type Tone } from '../src/sound';

function start(remembered: string | null = null, allowed = true) {
  const played: Tone[][] = [];
  const memory = { kept: remembered };
  const audio = { allowed, unlock: async () => audio.allowed, play: (notes: Tone[]) => { played.push(notes); } };
  const sound = new Sound(audio, { read: () => memory.kept, write: (wish) => { memory.kept = wish; } });
  return { sound, played, memory, audio };
}

test('off until it is armed; what came before is not made up for', async () => {
  const { sound, played, memory } = start();
  sound.ring('critical');
  sound.second(0, true, false);
  await sound.gesture();
  assert.deepEqual([sound.state.value, played.length], ['off', 0]);
  await sound.toggle();
  assert.deepEqual([sound.state.value, memory.kept], ['on', 'on']);
  assert.deepEqual(played, [tones.info]);  // so that one hears that it works
});

test('what comes together sounds once, as the worst of it', async () => {
  const { sound, played } = start();
  await sound.toggle();
  sound.ring('warning');
  sound.ring('critical');
  sound.ring('info');
  sound.second(10_000, false, false);
  sound.second(11_000, false, false);
  assert.deepEqual(played.slice(1), [tones.critical]);
  sound.ring('info');
  sound.second(11_999, false, false);
  assert.equal(played.length, 2);
  sound.second(12_000, false, false);
  assert.deepEqual(played.slice(2), [tones.info]);
});

test('a critical alert that nobody takes care of sounds again every minute', async () => {
  const { sound, played } = start();
  await sound.toggle();
  sound.ring('critical');
  sound.second(0, true, false);
  for (let at = 1_000; at < 60_000; at += 1_000) sound.second(at, true, false);
  assert.equal(played.length, 2);
  sound.second(60_000, true, false);
  assert.equal(played.length, 3);
  sound.second(120_000, false, false);
  assert.equal(played.length, 3);
});

test('silent in quiet hours and while the numbers are old, and nothing is made up for', async () => {
  const { sound, played } = start();
  await sound.toggle();
  sound.ring('critical');
  sound.second(0, true, true);
  sound.second(70_000, false, false);
  assert.equal(played.length, 1);
});

test('muted by the same button, and stays so', async () => {
  const { sound, played, memory } = start();
  await sound.toggle();
  await sound.toggle();
  sound.ring('critical');
  sound.second(99_000, true, false);
  assert.deepEqual([sound.state.value, memory.kept, played.length], ['off', 'off', 1]);
});

test('armed yesterday: waits for any gesture, without a tone', async () => {
  const { sound, played, audio } = start('on', false);
  assert.equal(sound.state.value, 'blocked');
  await sound.gesture();
  assert.equal(sound.state.value, 'blocked');
  audio.allowed = true;
  await sound.gesture();
  assert.deepEqual([sound.state.value, played.length], ['on', 0]);
});

test('every tone is short, and no two severities sound alike', () => {
  for (const notes of Object.values(tones)) for (const note of notes) assert.ok(note.from + note.long <= 1);
  assert.equal(new Set(Object.values(tones).map((notes) => notes.length)).size, 3);
});
