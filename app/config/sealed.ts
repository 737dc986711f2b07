/** Values that nobody changes and whose secrets nobody prints. */
import { inspect } from 'node:util';

/** The same object, but JSON and `inspect` show `[secret]` in the place of these keys. */
export function concealed<T extends object>(value: T, keys: readonly (keyof T)[]): T {
  const shown = () => ({ ...value, ...Object.fromEntries(keys.map((key) => [key, '[secret]'])) });
  Object.defineProperty(value, 'toJSON', { value: shown });
  Object.defineProperty(value, inspect.custom, { value: shown });
  return value;
}

/** Freezes a value and everything in it, in place. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
