/** Asks a Referee for its standing, and says whether it may be acted on. */
import { type AcceptedStanding, acceptStanding, StandingError } from '../chain/standing/accept.ts';
import type { FollowOptions } from './follow-options.ts';
import type { StateFile } from './follow-state.ts';
import type { Io } from './io.ts';
import { MAX_RESPONSE_BYTES, responseText } from './response-text.ts';

const TIMEOUT_MS = 30_000;

export interface Outage {
  readonly kind: 'outage';
  readonly error: StandingError;
}
export interface Answer {
  readonly kind: 'accepted';
  readonly standing: AcceptedStanding;
  /** The key was never seen before, and nobody said that it is the right one. */
  readonly firstUse: boolean;
}

export interface StandingSource {
  /** Throws `StandingError` for what a person must look into; what passes by itself is an outage. */
  ask(): Promise<Answer | Outage>;
}

/** The newest standing that was accepted, and its key, are kept in the state file, but not in a dry run. */
export function createStandingSource(
  { fetch }: Pick<Io, 'fetch'>,
  { referee, netuid, network, serverKey, dryRun }: FollowOptions,
  {
    state,
    stateFile,
    now,
  }: { readonly state: StateFile; readonly stateFile: string; readonly now: () => number },
): StandingSource {
  let known = state.read().referees[referee] ?? null;
  return {
    async ask() {
      // where one of the two fails, the other is not waited for
      const enough = new AbortController();
      const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const at = now();
        const [wellKnown, answer] = await Promise.all([
          get(fetch, `${referee}/.well-known/quasar-referee.json`, signal),
          get(fetch, `${referee}/api/v1/standing`, signal),
        ]);
        const standing = acceptStanding(wellKnown, answer, {
          netuid,
          network,
          key: serverKey ?? known?.publicKey ?? null,
          keySource: serverKey === null ? `the state file ${stateFile}, from its first use,` : '--server-key',
          last: known,
          now: at,
        });
        const firstUse = serverKey === null && known === null;
        const { publicKey, issuedAt, payload } = standing;
        const followed = {
          publicKey,
          pinnedAt: known?.pinnedAt ?? at,
          round: payload.round,
          // a clock that is behind must not lead back step by step
          issuedAt: Math.max(issuedAt, known?.issuedAt ?? 0),
        };
        known = followed;
        if (!dryRun)
          state.change((before) => ({ ...before, referees: { ...before.referees, [referee]: followed } }));
        return { kind: 'accepted', standing, firstUse };
      } catch (error) {
        if (!(error instanceof StandingError)) throw error;
        // the page of a proxy while the Referee is being updated
        const passes = error.retryable || (error.code === 'not_a_referee' && known !== null);
        if (!passes) throw error;
        return { kind: 'outage', error };
      } finally {
        enough.abort();
      }
    },
  };
}

async function get(fetch: Io['fetch'], url: string, signal: AbortSignal): Promise<unknown> {
  let status: number;
  let elsewhere: string | null;
  let text: string | null;
  try {
    const response = await fetch(url, { redirect: 'manual', signal });
    status = response.status;
    elsewhere = response.headers.get('location');
    text = await responseText(response);
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { message?: string } };
    throw new StandingError('unreachable', `no answer from ${url}: ${cause?.message ?? message}`, error);
  }
  if (text === null)
    throw new StandingError('not_a_referee', `${url} gives more than ${MAX_RESPONSE_BYTES} bytes`);
  if (status >= 500 || status === 429)
    throw new StandingError('unreachable', `${url} answered ${status}: the Referee is out of order`);
  if (status === 404)
    throw new StandingError(
      'not_a_referee',
      `there is nothing at ${url}: check the address; an old Referee publishes no standing`,
    );
  if (status >= 300 && status < 400 && elsewhere !== null)
    throw new StandingError(
      'not_a_referee',
      `${url} sends elsewhere, to ${elsewhere.slice(0, 200)}: give the address of the Referee itself`,
    );
  if (status !== 200)
    throw new StandingError('not_a_referee', `${url} answered ${status}: check the address`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StandingError(
      'not_a_referee',
      `${url} gives no JSON: check that it is the address of a Quasar Referee`,
      error,
    );
  }
}
