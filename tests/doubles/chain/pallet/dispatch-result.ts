/** What dispatching a call comes to. Types only. */

/** `Pallet.Event` and its data. */
export type PalletEvent = readonly [name: string, data: readonly unknown[]];

export type DispatchResult =
  | {
      readonly ok: true;
      readonly events: readonly PalletEvent[];
      /** Of a proxy's call, which succeeds also when what it carries fails. */
      readonly inner?: DispatchResult;
    }
  | {
      readonly ok: false;
      /** `Pallet.Error`. */
      readonly error: string;
    };
