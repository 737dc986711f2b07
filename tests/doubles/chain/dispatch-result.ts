/** What dispatching a call comes to. Types only. */

/** `Pallet.Event` and its data. */
export type PalletEvent = readonly [name: string, data: readonly unknown[]];

export type DispatchResult =
  | { readonly ok: true; readonly events: readonly PalletEvent[] }
  /** `Pallet.Error`; of calls that no pallet allows, only what the runtime calls `BadOrigin`. */
  | { readonly ok: false; readonly error: string };
