import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checksum, compareBytes, crc32, hex } from '../src/checksum';
import { readFrame } from '../src/frame';
import { crc32 as plain } from './crc.mjs';

test('a frame keeps the text of its cells', () => {
  const frame = readFrame(
    ' {"t":"snap","view":"wallboard","seq":7,"asof":12, "d":{"queue/a\\"b":{"x":80.0,"s":"a,}\\\\\\" b","n":null}}} ',
  );
  assert.equal(frame.t, 'snap');
  if (frame.t !== 'snap') return;
  const row = frame.d.get('queue/a"b')!;
  assert.deepEqual([...row], [['x', '80.0'], ['s', '"a,}\\\\\\" b"'], ['n', 'null']]);
  assert.equal(frame.seq, 7);
});

test('empty objects, nested unknown fields and deletions', () => {
  const frame = readFrame('{"t":"delta","view":"v","prev":1,"seq":2,"asof":3,"new":{"a":[1,{"b":"}"}]},"set":{},"del":["agent/1"]}');
  assert.ok(frame.t === 'delta' && frame.set!.size === 0);
  assert.deepEqual(frame.t === 'delta' && frame.del, ['agent/1']);
});

test('what is not one object is refused', () => {
  for (const text of ['', '[]', '{', '{"t":"hb"', '{"t":"hb"} x', '{"d":{"a":{"b":}}}', '{"t":"hb",}', '{"d":{"a":{"b":"']) {
    assert.throws(() => readFrame(text), SyntaxError, text);
  }
});

test('CRC-32 agrees with the known vector and with a plain one beyond its buffer', () => {
  assert.equal(hex(crc32('123456789')), 'cbf43926');
  const long = 'grüße 🙂 '.repeat(2000);
  assert.equal(hex(crc32(long)), plain(long));
});

test('the checksum is over rows and columns in byte order', () => {
  const rows = new Map([
    ['queue/b', new Map([['waiting', '2'], ['offered@30m', '80.0']])],
    ['queue/a', new Map([['waiting', 'null']])],
  ]);
  assert.equal(checksum(rows), plain('queue/a\twaiting=null\nqueue/b\toffered@30m=80.0\nqueue/b\twaiting=2\n'));
});

test('byte order differs from UTF-16 order where surrogates are', () => {
  const words = ['\uff61', '🙂', 'z', 'a', 'ab', '\ud7ff', '\ue000'];
  const bytes = (text: string) => Buffer.from(text, 'utf8');
  assert.deepEqual([...words].sort(compareBytes), [...words].sort((a, b) => Buffer.compare(bytes(a), bytes(b))));
});
