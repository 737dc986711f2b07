import type { App } from './apps.ts';

/** Far above the ids of accounts, as on GitHub, where bots are users of their own. */
const FIRST_BOT_ID = 49_000_000;

/** The user that an App acts as. */
export function botUser(app: App): { id: number; login: string; type: 'Bot' } {
  return { id: FIRST_BOT_ID + app.id, login: `${app.slug}[bot]`, type: 'Bot' };
}
