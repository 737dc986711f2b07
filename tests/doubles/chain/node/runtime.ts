/** One version of the runtime: its metadata, and with it what storage, calls, events and errors look like as bytes. */
import { expandMetadata, Metadata, TypeRegistry } from '@polkadot/types';
import type { ExtDef } from '@polkadot/types/extrinsic/signedExtensions/types';
import type { StorageEntry } from '@polkadot/types/primitive/types';
import type { Codec } from '@polkadot/types/types';
import { compactStripLength, hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { type AuthoredMetadata, authorMetadata, type RuntimeShape } from '../metadata/author.ts';
import { EMPTY_EXTENSIONS } from '../metadata/extrinsic-types.ts';

export type Hex = `0x${string}`;
/** What an event's phase is: an extrinsic by its index, or the block's own beginning. */
export type Phase = { readonly ApplyExtrinsic: number } | 'Initialization';

const APIS: readonly (readonly [name: string, version: number])[] = [
  ['Core', 5],
  ['Metadata', 2],
  ['AccountNonceApi', 1],
  ['SubnetInfoRuntimeApi', 1],
];

export class Runtime {
  readonly metadata: AuthoredMetadata;
  readonly registry = new TypeRegistry();
  readonly #parsed: Metadata;
  readonly #items = new Map<string, StorageEntry>();

  constructor(
    readonly specVersion: number,
    readonly shape: RuntimeShape,
  ) {
    this.metadata = authorMetadata(shape);
    this.#parsed = new Metadata(this.registry, this.metadata.v15);
    this.registry.setMetadata(this.#parsed, undefined, extensionsFor(shape));
    for (const items of Object.values(expandMetadata(this.registry, this.#parsed).query))
      for (const item of Object.values(items)) this.#items.set(`${item.prefix}.${item.meta.name}`, item);
  }

  /** Whether an item, as `Pallet.Item`, is stored by this runtime. */
  has(item: string): boolean {
    return this.#items.has(item);
  }

  /** The key of an entry; of a map with all its keys. */
  key(item: string, ...keys: readonly unknown[]): Hex {
    const entry = this.#item(item);
    return u8aToHex(compactStripLength(entry(...keys))[1]);
  }

  /** What the keys of a map's entries begin with whose first keys are these. */
  prefix(item: string, ...keys: readonly unknown[]): Hex {
    const { iterKey } = this.#item(item);
    if (iterKey === undefined) throw new Error(`${item} is no map`);
    return iterKey(...keys).toHex();
  }

  /** Not `toHex()`, which writes the numbers of polkadot-js big-endian. */
  encode(item: string, value: unknown): Hex {
    return u8aToHex(this.registry.createType(this.#valueType(item), value).toU8a());
  }

  /** What is stored, or what its absence reads as; null where absence is nothing. */
  decode(item: string, stored: Hex | null): Codec | null {
    const { meta } = this.#item(item);
    if (stored === null && meta.modifier.isOptional) return null;
    // as bytes: polkadot-js takes hex for a big-endian number
    const bytes = stored === null ? meta.fallback.toU8a(true) : hexToU8a(stored);
    return this.registry.createType(this.#valueType(item), bytes);
  }

  event(phase: Phase, name: string, data: readonly unknown[]): Uint8Array {
    const [pallet, method] = parts(name);
    const { index, variant } = this.#variant(pallet, 'events', method);
    const fields = variant.fields.map((field, at) =>
      this.registry.createType(this.registry.createLookupType(field.type), data[at]).toU8a(),
    );
    const noTopics = 0;
    return u8aConcat(
      this.registry.createType('Phase', phase).toU8a(),
      [index, variant.index.toNumber()],
      ...fields,
      [noTopics],
    );
  }

  /** A dispatch error as it stands in events. Throws for a name that this runtime has no error of. */
  moduleError(name: string): { readonly Module: { readonly index: number; readonly error: Uint8Array } } {
    const [pallet, error] = parts(name);
    const { index, variant } = this.#variant(pallet, 'errors', error);
    return { Module: { index, error: Uint8Array.of(variant.index.toNumber(), 0, 0, 0) } };
  }

  version() {
    return {
      specName: 'node-subtensor',
      implName: 'node-subtensor',
      authoringVersion: 1,
      specVersion: this.specVersion,
      implVersion: 1,
      apis: APIS.map(([name, version]) => [blake2AsHex(name, 64), version]),
      transactionVersion: this.shape.transactionVersion,
      stateVersion: 1,
    };
  }

  #item(name: string): StorageEntry {
    const item = this.#items.get(name);
    if (item === undefined) throw new Error(`the runtime ${this.shape.form} stores no ${name}`);
    return item;
  }

  #valueType(name: string) {
    const { type } = this.#item(name).meta;
    return this.registry.createLookupType(type.isPlain ? type.asPlain : type.asMap.value);
  }

  #variant(palletName: string, kind: 'events' | 'errors', name: string) {
    const pallet = this.#parsed.asLatest.pallets.find((each) => each.name.toString() === palletName);
    const type = pallet?.[kind].unwrapOr(null)?.type;
    const variant =
      type === undefined
        ? undefined
        : this.registry.lookup
            .getSiType(type)
            .def.asVariant.variants.find((each) => each.name.toString() === name);
    if (pallet === undefined || variant === undefined)
      throw new Error(`the runtime ${this.shape.form} has no ${palletName}.${name} among its ${kind}`);
    return { index: pallet.index.toNumber(), variant };
  }
}

/** What polkadot-js has to be told of the extensions that it does not know: next to all of them add nothing. */
function extensionsFor({ unknownExtension }: RuntimeShape): ExtDef {
  const nothing = { extrinsic: {}, payload: {} };
  const known = Object.fromEntries(EMPTY_EXTENSIONS.map((name) => [name, nothing]));
  if (unknownExtension === null) return known;
  return { ...known, [unknownExtension]: { extrinsic: { added: 'u32' }, payload: { added: 'u32' } } };
}

function parts(name: string): [string, string] {
  const [pallet = '', ...rest] = name.split('.');
  return [pallet, rest.join('.')];
}
