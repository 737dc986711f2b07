/** Figures for people. Every function takes SI base units of its name and never shows more digits than mean something. */

/** `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Whole numbers with separators from 100 on, three digits below, an exponent for the very small. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return 'not finite';
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e15 || size < 1e-4) return value.toExponential(1);
  return size >= 100 ? whole(value) : String(Number(value.toPrecision(3)));
}

/** `1,234,567 tokens/s`. */
export function speed(tokensPerSec: number): string {
  return `${figure(tokensPerSec)} tokens/s`;
}

/** `850 ns`, `12.3 µs`, `12.3 ms`, `1.23 s`. */
export function time(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  if (ns < 1e9) return `${digits(ns / 1e6)} ms`;
  return `${digits(ns / 1e9)} s`;
}

/** `12.3 KiB`, `1.2 GiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `4.29 TB/s`, in powers of ten, as makers of memory give it. */
export function bandwidth(bytesPerSec: number): string {
  return bytesPerSec < 1e12 ? `${digits(bytesPerSec / 1e9)} GB/s` : `${digits(bytesPerSec / 1e12)} TB/s`;
}

/** A fraction as `12 %`, `1.2 %` or `0.03 %`. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  if (!Number.isFinite(value)) return '–';
  return `${value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value === 0 ? '0' : value.toFixed(2)} %`;
}

/** `1.18x`. */
export function ratio(value: number): string {
  return `${digits(value)}x`;
}

/** `2nd`. */
export function ordinal(value: number): string {
  const tens = value % 100;
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${whole(value)}${suffix}`;
}

/** `under a minute`, `~6 min`, `~2 h`. */
export function wait(seconds: number): string {
  if (seconds < 60) return 'under a minute';
  return seconds < 5400 ? `~${Math.round(seconds / 60)} min` : `~${Math.round(seconds / 3600)} h`;
}

/** `14:02 UTC`. */
export function clock(unixMs: number): string {
  return `${iso(unixMs).slice(11, 16)} UTC`;
}

/** `2026-11-21 14:02 UTC`. */
export function moment(unixMs: number): string {
  return `${iso(unixMs).slice(0, 10)} ${clock(unixMs)}`;
}

function iso(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  return value >= 999.5 ? whole(value) : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}
