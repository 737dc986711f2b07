/** The calls that set weights, as they are known to us, and which of them a runtime is sent. Pure. */

export type ArgType = 'u8' | 'u16' | 'u64' | 'Bytes' | 'Vec<u16>';
export interface Arg {
  readonly name: string;
  readonly type: ArgType;
}

export interface KnownCall {
  readonly name: string;
  /** `timelocked`: encrypted until a drand round, for subnets with commit-reveal. */
  readonly kind: 'timelocked' | 'plain';
  /** What a timelocked commit hides; null for plain calls. Version 3 knows no hotkey. */
  readonly payloadVersion: 3 | 4 | null;
  readonly args: readonly Arg[];
}

/** A call of the runtime's SubtensorModule, as its metadata has it: names in snake case, types as polkadot-js resolves them. */
export interface MetadataCall {
  /** Index of the pallet. */
  readonly pallet: number;
  readonly index: number;
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly type: string }[];
}

/** A known call with its place in the runtime that it is for. */
export interface RuntimeCall extends KnownCall {
  readonly pallet: number;
  readonly index: number;
}

/** A call that this runtime has under a known name, and why it is not used. Worth an alert: the runtime has changed. */
export interface PassedOver {
  readonly name: string;
  readonly why: string;
}

export type CallChoice =
  | { readonly kind: 'call'; readonly call: RuntimeCall; readonly passedOver: readonly PassedOver[] }
  | {
      readonly kind: 'refused';
      readonly code: 'unknown_call' | 'unknown_commit_version';
      readonly message: string;
      readonly passedOver: readonly PassedOver[];
    };

const netuid: Arg = { name: 'netuid', type: 'u16' };
const mecid: Arg = { name: 'mecid', type: 'u8' };
const row: readonly Arg[] = [
  { name: 'dests', type: 'Vec<u16>' },
  { name: 'weights', type: 'Vec<u16>' },
  { name: 'version_key', type: 'u64' },
];
const commit: readonly Arg[] = [
  { name: 'commit', type: 'Bytes' },
  { name: 'reveal_round', type: 'u64' },
];
const commitVersion: Arg = { name: 'commit_reveal_version', type: 'u16' };

/**
 * Every call that is ever sent, the preferred one of a kind first. Left out on purpose: `batch_set_weights`, whose
 * failures are only events, and the commits by hash, which need a reveal of our own.
 */
export const KNOWN_CALLS: readonly KnownCall[] = [
  {
    name: 'commit_timelocked_mechanism_weights',
    kind: 'timelocked',
    payloadVersion: 4,
    args: [netuid, mecid, ...commit, commitVersion],
  },
  {
    name: 'commit_timelocked_weights',
    kind: 'timelocked',
    payloadVersion: 4,
    args: [netuid, ...commit, commitVersion],
  },
  // spec 293, whose runtime has neither of the two above
  { name: 'commit_crv3_weights', kind: 'timelocked', payloadVersion: 3, args: [netuid, ...commit] },
  { name: 'set_mechanism_weights', kind: 'plain', payloadVersion: null, args: [netuid, mecid, ...row] },
  { name: 'set_weights', kind: 'plain', payloadVersion: null, args: [netuid, ...row] },
];

/** The known calls that a runtime has with exactly their arguments, in order of preference. */
export function runtimeCalls(metadata: readonly MetadataCall[]): RuntimeCall[] {
  return KNOWN_CALLS.flatMap((known) => {
    const found = metadata.find(({ name }) => name === known.name);
    return found === undefined || shapeOf(found) !== shapeOf(known)
      ? []
      : [{ ...known, pallet: found.pallet, index: found.index }];
  });
}

/**
 * The call to send, from the runtime's metadata and two values of the same block: `CommitRevealWeightsEnabled` of the
 * subnet, which its owner may flip at any time, and `CommitRevealWeightsVersion`, null where the runtime has no such
 * item. A call of a known name with other arguments is passed over for the next one, and never sent.
 */
export function chooseCall(
  metadata: readonly MetadataCall[],
  { commitReveal, version }: { readonly commitReveal: boolean; readonly version: number | null },
): CallChoice {
  const kind = commitReveal ? 'timelocked' : 'plain';
  const candidates = runtimeCalls(metadata).filter((call) => call.kind === kind);
  const call = candidates.find(({ payloadVersion }) => isPayload(payloadVersion, version));
  const passedOver = [
    ...changedCalls(metadata, kind),
    ...candidates
      .slice(0, call === undefined ? candidates.length : candidates.indexOf(call))
      .map(({ name, payloadVersion }) => ({
        name,
        why: `it takes commit-reveal version ${payloadVersion}, and the chain wants ${version ?? 'none'}`,
      })),
  ];
  if (call !== undefined) return { kind: 'call', call, passedOver };
  const update = 'no weights are sent: update Quasar Referee to a version that knows this runtime';
  const found =
    passedOver.map(({ name, why }) => `${name}: ${why}`).join('; ') || 'it has none of their names';
  return candidates.length > 0
    ? {
        kind: 'refused',
        code: 'unknown_commit_version',
        message: `the chain wants commit-reveal version ${version ?? 'none'} with calls of another one (${found}); ${update}`,
        passedOver,
      }
    : {
        kind: 'refused',
        code: 'unknown_call',
        message: `the runtime has no known call for ${kind} weights (${found}); ${update}`,
        passedOver,
      };
}

function changedCalls(metadata: readonly MetadataCall[], kind: KnownCall['kind']): PassedOver[] {
  return KNOWN_CALLS.filter((known) => known.kind === kind).flatMap((known) => {
    const found = metadata.find(({ name }) => name === known.name);
    if (found === undefined || shapeOf(found) === shapeOf(known)) return [];
    return [{ name: known.name, why: `it takes (${shapeOf(found)}) instead of (${shapeOf(known)})` }];
  });
}

function isPayload(payload: KnownCall['payloadVersion'], version: number | null): boolean {
  // runtimes of version 3 do not have the item yet
  return payload === null || payload === version || (payload === 3 && version === null);
}

function shapeOf({ args }: Pick<MetadataCall, 'args'>): string {
  return args.map(({ name, type }) => `${name}: ${type}`).join(', ');
}
