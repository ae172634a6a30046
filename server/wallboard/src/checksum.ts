// CRC-32 (zlib polynomial) over the cells of a view: rows by key, columns by name, both in byte order, one line
// `row<TAB>column=value\n` per cell, the value being its JSON text on the wire.
import type { RawRows } from './frame';

const table = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  table[n] = c >>> 0;
}

const encoder = new TextEncoder();
const buffer = new Uint8Array(4096);  // reused: this runs with every heartbeat, for months

/** Byte order of the UTF-8 forms. UTF-16 order differs only where surrogates meet U+E000 and above. */
export function compareBytes(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

export function crc32(text: string, from = 0): number {
  let crc = ~from >>> 0;
  let rest = text;
  while (rest.length > 0) {
    const { read, written } = encoder.encodeInto(rest, buffer);
    for (let i = 0; i < written; i++) crc = table[(crc ^ buffer[i]!) & 0xff]! ^ (crc >>> 8);
    rest = read >= rest.length ? '' : rest.slice(read);
  }
  return ~crc >>> 0;
}

export function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

export function checksum(rows: RawRows): string {
  let crc = 0;
  for (const row of [...rows.keys()].sort(compareBytes)) {
    const cells = rows.get(row)!;
    for (const column of [...cells.keys()].sort(compareBytes)) {
      crc = crc32(`${row}\t${column}=${cells.get(column)!}\n`, crc);
    }
  }
  return hex(crc);
}
