/** Whether a signed standing may be acted on. Pure, but for the arithmetic of signatures. */
import { z } from 'zod';
import type { Share } from '../../scoring/shares.ts';
import { Envelope, isSealedBy, keyIdOf, WellKnown } from './envelope.ts';
import { StandingPayload } from './payload.ts';
import { recount } from './recompute.ts';

/** Above this a standing says nothing about today. */
const MAX_AGE_MS = 24 * 3_600_000;
/** What clocks of a Referee's replicas, and ours, may differ by. */
const CLOCKS_MS = 10 * 60_000;

export type StandingErrorCode =
  | 'unreachable'
  | 'not_a_referee'
  | 'unknown_version'
  | 'bad_signature'
  | 'other_key'
  | 'other_subnet'
  | 'too_old'
  | 'from_the_future'
  | 'rolled_back'
  | 'differs';

/** The standing may not be used. `retryable`: a later one may; anything else is for a person to look into. */
export class StandingError extends Error {
  override readonly name = 'StandingError';
  readonly retryable: boolean;
  constructor(
    readonly code: StandingErrorCode,
    readonly userMessage: string,
    cause?: unknown,
  ) {
    super(`${code}: ${userMessage}`, { cause });
    this.retryable = ['unreachable', 'too_old', 'from_the_future', 'rolled_back'].includes(code);
  }
}

/** What every version of the payload says. */
const Versioned = z.looseObject({ version: z.number() });

export interface Expectation {
  readonly netuid: number;
  /** Null where the chain's name is not known. */
  readonly network: string | null;
  /** The key to trust: base64 of the raw bytes, or its 16-digit id. Null on first use. */
  readonly key: string | null;
  /** Where a wrong key was learned, for the message. */
  readonly keySource: string;
  /** The newest that was accepted. */
  readonly last: { readonly round: number; readonly issuedAt: number } | null;
  /** Unix milliseconds. */
  readonly now: number;
}

export interface AcceptedStanding {
  readonly payload: StandingPayload;
  /** As recomputed, which is as published. */
  readonly shares: readonly Share[];
  /** Unix milliseconds. */
  readonly issuedAt: number;
  readonly keyId: string;
  /** Base64 of the raw bytes. */
  readonly publicKey: string;
}

/**
 * The standing in what a Referee answered, when the key that is trusted signed it, it is for this subnet, fresh, not older
 * than the last one, and its shares follow from its decisions. Throws `StandingError`.
 */
export function acceptStanding(wellKnown: unknown, answer: unknown, expected: Expectation): AcceptedStanding {
  const { keys, network } = parsed(WellKnown, wellKnown);
  const envelope = parsed(Envelope, answer);
  const { keyId, publicKey } = trusted(envelope, keys, expected);
  if (!isSealedBy(envelope, publicKey))
    throw new StandingError(
      'bad_signature',
      `the signature of the standing does not hold under key ${keyId}: somebody changed it on its way`,
    );
  const { version } = parsed(Versioned, envelope.payload);
  if (version !== 1)
    throw new StandingError(
      'unknown_version',
      'the Referee publishes a standing of another version than this command knows: get its current cli.mjs',
    );
  const payload = payloadOf(envelope.payload);
  checkSubnet(payload, network, expected);
  const issuedAt = Date.parse(payload.issuedAt);
  checkTime(payload, issuedAt, expected);
  const again = recount(payload);
  if (again.kind === 'differs') throw new StandingError('differs', again.message);
  return { payload, shares: again.shares, issuedAt, keyId, publicKey };
}

function trusted({ keyId }: Envelope, keys: WellKnown['keys'], { key, keySource }: Expectation) {
  const signing = keys.find((listed) => listed.keyId === keyId && keyIdOf(listed.publicKey) === keyId);
  if (signing === undefined)
    throw new StandingError(
      'bad_signature',
      `the standing is signed with key ${keyId}, which is not among the keys that the Referee lists`,
    );
  if (key !== null && key !== keyId && key !== signing.publicKey)
    throw new StandingError(
      'other_key',
      `the Referee signs with key ${keyId}, and ${keySource} says ${key.length === keyId.length ? key : keyIdOf(key)}: ask its operator which one is right, and name that one with --server-key`,
    );
  return signing;
}

function checkSubnet(payload: StandingPayload, network: string, expected: Expectation): void {
  const wanted = expected.network ?? network;
  if (payload.netuid === expected.netuid && payload.network === wanted && network === wanted) return;
  const said = payload.network === wanted ? network : payload.network;
  throw new StandingError(
    'other_subnet',
    `the Referee is for netuid ${payload.netuid} of ${said}, and weights are wanted for netuid ${expected.netuid} of ${wanted}: check --netuid, --genesis and the address`,
  );
}

function checkTime({ round }: StandingPayload, issuedAt: number, { now, last }: Expectation): void {
  const when = new Date(issuedAt).toISOString();
  if (!(now - issuedAt <= MAX_AGE_MS))
    throw new StandingError('too_old', `the standing is of ${when}, more than 24 h ago`);
  if (issuedAt - now > CLOCKS_MS)
    throw new StandingError(
      'from_the_future',
      `the standing is of ${when}, which is yet to come: set the clocks`,
    );
  if (last !== null && (round < last.round || last.issuedAt - issuedAt > CLOCKS_MS))
    throw new StandingError(
      'rolled_back',
      `the standing is of round ${round} and ${when}, and one of round ${last.round} and ${new Date(last.issuedAt).toISOString()} was seen already. Where its operator says why, as after a database was restored: take the Referee out of "referees" in the state file`,
    );
}

function payloadOf(value: unknown): StandingPayload {
  const { data, error } = StandingPayload.safeParse(value);
  if (data !== undefined) return data;
  const place = error?.issues[0]?.path.join('.') || 'its top';
  throw new StandingError(
    'not_a_referee',
    `the standing is signed, and not of the form that this command knows (at ${place}): get the Referee's current cli.mjs, or tell its operator`,
  );
}

function parsed<T>(schema: { safeParse(value: unknown): { data?: T; success: boolean } }, value: unknown): T {
  const { success, data } = schema.safeParse(value);
  if (!success)
    throw new StandingError(
      'not_a_referee',
      'what answers is not a Quasar Referee that publishes a standing: check the address',
    );
  return data as T;
}
