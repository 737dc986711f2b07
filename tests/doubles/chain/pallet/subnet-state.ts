/** What the pallet reads and writes of a subnet and its neurons. */
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto/address';
import type { ChainState } from '../node/chain-state.ts';

const MECHANISM_STRIDE = 4_096;
const SS58_PREFIX = 42;

/** Key of what each mechanism of a subnet has for itself. */
export const netuidIndex = (netuid: number, mecid: number): number => mecid * MECHANISM_STRIDE + netuid;

/** One address for one account, whatever prefix it was written with. */
export const addressOf = (account: string | Uint8Array): string =>
  encodeAddress(decodeAddress(account), SS58_PREFIX);

export function uidOf(state: ChainState, netuid: number, hotkey: string): number | null {
  const uid = state.read('SubtensorModule.Uids', netuid, hotkey);
  return uid === null ? null : Number(uid.toString());
}

export function stakeOf(state: ChainState, netuid: number, hotkey: string): bigint {
  return state.bigint('SubtensorModule.TotalHotkeyAlpha', hotkey, netuid);
}

export function hasPermit(state: ChainState, netuid: number, uid: number): boolean {
  return state.json<boolean[]>('SubtensorModule.ValidatorPermit', netuid)[uid] === true;
}

export function lastUpdate(state: ChainState, index: number, uid: number): number {
  return Number(state.json<(number | string)[]>('SubtensorModule.LastUpdate', index)[uid] ?? 0);
}

/** Puts a value at a uid's place in a list that has one for each uid. */
export function writeAt<T>(
  state: ChainState,
  item: string,
  key: number,
  { uid, value, filler }: { readonly uid: number; readonly value: T; readonly filler: T },
): void {
  const list = [...state.json<T[]>(item, key)];
  while (list.length <= uid) list.push(filler);
  list[uid] = value;
  state.write(item, [key], list);
}

export function isOwnerHotkey(state: ChainState, netuid: number, hotkey: string): boolean {
  return state.json<string>('SubtensorModule.SubnetOwnerHotkey', netuid) === hotkey;
}

/** Passes from `LastUpdate` + limit on, and always while nothing was ever sent. */
export function passesRateLimit(state: ChainState, netuid: number, index: number, uid: number): boolean {
  const last = lastUpdate(state, index, uid);
  return last === 0 || state.block - last >= state.number('SubtensorModule.WeightsSetRateLimit', netuid);
}
