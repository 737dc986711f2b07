/** Metadata V15 of subtensor's runtime, cut down to what a sender of weights needs, and authored here: nothing of it is copied. */
import { TypeRegistry } from '@polkadot/types';
import { baseTypes } from './base-types.ts';
import { signatureType, signedExtensions } from './extrinsic-types.ts';
import {
  drandPallet,
  PROXY_INDEX,
  proxyCalls,
  proxyPallet,
  systemCalls,
  systemEvents,
  systemPallet,
  TIMESTAMP_INDEX,
  timestampPallet,
} from './frame-pallets.ts';
import { type Pallet, palletMetadata } from './pallet.ts';
import { runtimeApis } from './runtime-apis.ts';
import { SUBTENSOR_INDEX, subtensorPallet } from './subtensor-pallet.ts';
import type { TypeId, Variant } from './type-table.ts';

export type RuntimeForm = 'today' | 'spec293';

export interface RuntimeShape {
  readonly form: RuntimeForm;
  /** Calls of SubtensorModule that take one argument more than is known. */
  readonly changedCalls: readonly string[];
  /** Name of a signed extension that nobody knows, with something in it; null for none. */
  readonly unknownExtension: string | null;
}

/** `meta` and the version of what follows. */
const PREFIX = '0x6d6574610f';

/** As `state_getMetadata` and the runtime API `Metadata` give it, in hex. */
export function authorMetadata({ form, changedCalls, unknownExtension }: RuntimeShape): string {
  const base = baseTypes();
  const { table, bytes, h256, u32, unit } = base;
  const subtensor = subtensorPallet(base, { today: form === 'today', changedCalls });
  const timestamp = timestampPallet(base);
  const system = { calls: systemCalls(base), events: systemEvents(base) };

  let proxy = proxyPallet(base, unit);
  const callType = table.recursiveVariant('node_subtensor_runtime::RuntimeCall', (self) => {
    proxy = { ...proxy, calls: proxyCalls(base, self) };
    return [
      outer('System', system.calls, 0),
      outer('Timestamp', timestamp.calls, TIMESTAMP_INDEX),
      outer('SubtensorModule', subtensor.calls, SUBTENSOR_INDEX),
      outer('Proxy', proxy.calls, PROXY_INDEX),
    ];
  });
  const eventType = table.variant('node_subtensor_runtime::RuntimeEvent', [
    outer('System', system.events, 0),
    outer('SubtensorModule', subtensor.events, SUBTENSOR_INDEX),
    outer('Proxy', proxy.events, PROXY_INDEX),
  ]);
  const errorType = table.variant('node_subtensor_runtime::RuntimeError', [
    outer('SubtensorModule', subtensor.errors, SUBTENSOR_INDEX),
    outer('Proxy', proxy.errors, PROXY_INDEX),
  ]);
  const phase = table.variant('frame_system::Phase', [
    ['ApplyExtrinsic', [[null, u32]], 0],
    ['Finalization', [], 1],
    ['Initialization', [], 2],
  ]);
  const record = table.struct(
    'frame_system::EventRecord',
    [
      ['phase', phase],
      ['event', eventType],
      ['topics', table.sequence(h256)],
    ],
    [
      ['E', eventType],
      ['T', h256],
    ],
  );
  const extensions = signedExtensions(base, unknownExtension);
  const extraType = table.tuple(...extensions.map(({ type }) => type));
  const signature = signatureType(base);
  table.struct(
    'sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic',
    [[null, bytes]],
    [
      ['Address', base.address],
      ['Call', callType],
      ['Signature', signature],
      ['Extra', extraType],
    ],
  );
  const pallets: Pallet[] = [
    systemPallet(base, { ...system, record }),
    timestamp,
    subtensor,
    proxy,
    drandPallet(base),
  ];
  const apis = runtimeApis(base);
  const metadata = new TypeRegistry().createType('MetadataV15', {
    lookup: { types: table.types },
    pallets: pallets.map(palletMetadata),
    extrinsic: {
      version: 4,
      addressType: base.address,
      callType,
      signatureType: signature,
      extraType,
      signedExtensions: extensions,
    },
    type: unit,
    apis,
    outerEnums: { callType, eventType, errorType },
    custom: {},
  });
  return PREFIX + metadata.toHex().slice(2);
}

function outer(name: string, type: TypeId | undefined, index: number): Variant {
  if (type === undefined) throw new Error(`${name} has no such part`);
  return [name, [[null, type]], index];
}
