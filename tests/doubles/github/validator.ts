/** Loads the contract validator from the user's cache. */
import type { Validator } from './contract.ts';

export function loadValidator(): Validator | null {
  return null;
}
