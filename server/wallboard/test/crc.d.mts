export function crc32(text: string): string;
