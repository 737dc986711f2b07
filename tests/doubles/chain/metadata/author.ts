/** Metadata of subtensor's runtime, cut down to what a sender of weights needs, and authored here: nothing of it is copied. */
import { TypeRegistry } from '@polkadot/types';
import { u8aConcat } from '@polkadot/util';
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

const EXTRINSIC_VERSION = 4;

export type RuntimeForm = 'today' | 'spec293';

export interface RuntimeShape {
  readonly form: RuntimeForm;
  /** Calls of SubtensorModule that take one argument more than is known. */
  readonly changedCalls: readonly string[];
  /** Name of a signed extension that nobody knows, with something in it; null for none. */
  readonly unknownExtension: string | null;
  /** 1, until the form of transactions changes. */
  readonly transactionVersion: number;
}

export interface AuthoredMetadata {
  /** What `state_getMetadata` gives, which stayed at this version. */
  readonly v14: Uint8Array;
  /** What the runtime API `Metadata` gives: with runtime APIs, and types of the extrinsic's parts. */
  readonly v15: Uint8Array;
}

/** `meta`, which begins all metadata; the version follows. */
const MAGIC = [0x6d, 0x65, 0x74, 0x61];

export function authorMetadata({ form, changedCalls, unknownExtension }: RuntimeShape): AuthoredMetadata {
  const base = baseTypes();
  const { table, bytes, h256, u32, unit } = base;
  const today = form === 'today';
  const subtensor = subtensorPallet(base, { today, changedCalls });
  const timestamp = timestampPallet(base);
  const system = { calls: systemCalls(base), events: systemEvents(base) };

  let proxy = proxyPallet(base, unit, today);
  const callType = table.recursiveVariant('node_subtensor_runtime::RuntimeCall', (self) => {
    proxy = { ...proxy, calls: proxyCalls(base, self, today) };
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
  const extrinsicType = table.struct(
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
  const registry = new TypeRegistry();
  const shared = { lookup: { types: table.types }, pallets: pallets.map(palletMetadata), type: unit };
  const version = EXTRINSIC_VERSION;
  const v14 = registry.createType('MetadataV14', {
    ...shared,
    extrinsic: { type: extrinsicType, version, signedExtensions: extensions },
  });
  const v15 = registry.createType('MetadataV15', {
    ...shared,
    extrinsic: {
      version,
      addressType: base.address,
      callType,
      signatureType: signature,
      extraType,
      signedExtensions: extensions,
    },
    apis,
    outerEnums: { callType, eventType, errorType },
    custom: {},
  });
  return {
    v14: u8aConcat(MAGIC, [14], v14.toU8a()),
    v15: u8aConcat(MAGIC, [15], v15.toU8a()),
  };
}

function outer(name: string, type: TypeId | undefined, index: number): Variant {
  if (type === undefined) throw new Error(`${name} has no such part`);
  return [name, [[null, type]], index];
}
