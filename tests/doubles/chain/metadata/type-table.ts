/** A portable type registry, written by hand: what the metadata of a runtime describes its types with. */

/** Index of a type in its table. */
export type TypeId = number;
export type Field = readonly [name: string | null, type: TypeId];
export type Variant = readonly [name: string, fields: readonly Field[], index: number];
type Params = readonly (readonly [name: string, type: TypeId])[];

export class TypeTable {
  readonly types: { id: TypeId; type: unknown }[] = [];
  readonly #known = new Map<string, TypeId>();

  primitive(name: 'Bool' | 'U8' | 'U16' | 'U32' | 'U64' | 'U128' | 'Str'): TypeId {
    return this.#add({ Primitive: name });
  }

  sequence(type: TypeId): TypeId {
    return this.#add({ Sequence: { type } });
  }

  array(len: number, type: TypeId): TypeId {
    return this.#add({ Array: { len, type } });
  }

  tuple(...types: readonly TypeId[]): TypeId {
    return this.#add({ Tuple: types });
  }

  compact(type: TypeId): TypeId {
    return this.#add({ Compact: { type } });
  }

  /** `path` is the Rust path, by which polkadot-js recognises some types; `params` likewise. */
  struct(path: string, fields: readonly Field[], params: Params = []): TypeId {
    return this.#add({ Composite: { fields: fields.map(fieldOf) } }, path, params);
  }

  variant(path: string, variants: readonly Variant[], params: Params = []): TypeId {
    return this.#add(variantDef(variants), path, params);
  }

  option(type: TypeId): TypeId {
    const variants: Variant[] = [
      ['None', [], 0],
      ['Some', [[null, type]], 1],
    ];
    return this.variant('Option', variants, [['T', type]]);
  }

  /** A variant that holds itself: its id exists before its variants do. */
  recursiveVariant(path: string, variants: (self: TypeId) => readonly Variant[]): TypeId {
    const id = this.types.length;
    const entry = { id, type: {} };
    this.types.push(entry);
    entry.type = described(variantDef(variants(id)), path, []);
    return id;
  }

  #add(def: unknown, path = '', params: Params = []): TypeId {
    const key = JSON.stringify([def, path, params]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.types.length;
    this.#known.set(key, id);
    this.types.push({ id, type: described(def, path, params) });
    return id;
  }
}

function described(def: unknown, path: string, params: Params) {
  return {
    path: path === '' ? [] : path.split('::'),
    params: params.map(([name, type]) => ({ name, type })),
    def,
    docs: [],
  };
}

function fieldOf([name, type]: Field) {
  return { name, type, typeName: null, docs: [] };
}

function variantDef(variants: readonly Variant[]) {
  return {
    Variant: {
      variants: variants.map(([name, fields, index]) => ({
        name,
        fields: fields.map(fieldOf),
        index,
        docs: [],
      })),
    },
  };
}
