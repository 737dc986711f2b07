import { inspect } from 'node:util';
import { hexToU8a } from '@polkadot/util';
import { sr25519Verify } from '@polkadot/util-crypto/sr25519';
import { describe, expect, it } from 'vitest';
import { createSigner, SignerError, type SignerOptions } from '../../app/chain/signer.ts';
import { aCall, aRequest, FINNEY, OTHER, PAIR, signedByPolkadot, TRANSFER } from './signer-requests.ts';

function aSigner(overrides: Partial<SignerOptions> = {}) {
  const logged: [string, Record<string, unknown>][] = [];
  const clock = { now: 1_000_000 };
  const signer = createSigner({
    pair: PAIR,
    policy: { netuid: 7, genesisHash: FINNEY, proxyFor: null },
    limit: { signatures: 3, windowMs: 60_000 },
    now: () => clock.now,
    log: (message, fields) => logged.push([message, fields]),
    ...overrides,
  });
  return { signer, logged, clock };
}

describe('the signer', () => {
  it('gives signatures that hold over what polkadot-js would sign', async () => {
    const { signer } = aSigner();
    const commit = aCall('commit_timelocked_mechanism_weights', 118, {
      kind: 'timelocked',
      netuid: 7,
      mecid: 0,
      commit: Buffer.alloc(303, 5),
      revealRound: 1000,
    });
    for (const request of [aRequest(), aRequest({ method: commit })]) {
      const { signature } = await signer.signPayload(request);
      expect(signature.slice(0, 4), 'the key type of a MultiSignature').toBe('0x01');
      const bytes = hexToU8a(signature).subarray(1);
      expect(sr25519Verify(signedByPolkadot(request), bytes, PAIR.publicKey)).toBe(true);
    }
  });

  it('numbers its signatures, as polkadot-js wants it', async () => {
    const { signer } = aSigner();
    const ids = [await signer.signPayload(aRequest()), await signer.signPayload(aRequest())].map(
      ({ id }) => id,
    );
    expect(ids).toEqual([1, 2]);
  });

  it('says who it is and what for', async () => {
    const { signer } = aSigner({ policy: { netuid: 9, genesisHash: FINNEY, proxyFor: OTHER.hotkey } });
    expect(await signer.identity()).toEqual({
      hotkey: PAIR.hotkey,
      netuid: 9,
      genesisHash: FINNEY,
      proxyFor: OTHER.hotkey,
    });
  });

  it('refuses with the reason of its policy, and logs it', async () => {
    const { signer, logged } = aSigner();
    const refusal = await signer.signPayload(aRequest({ method: TRANSFER })).catch((error) => error);
    expect(refusal).toBeInstanceOf(SignerError);
    expect(refusal).toMatchObject({ code: 'not_a_weight_call', retryable: false });
    expect(logged).toEqual([
      ['signature refused', { code: 'not_a_weight_call', reason: refusal.userMessage }],
    ]);
  });

  it('logs what it signed, and no secret', async () => {
    const { signer, logged } = aSigner();
    await signer.signPayload(aRequest());
    expect(logged).toEqual([
      [
        'weights signed',
        {
          call: 'set_mechanism_weights',
          netuid: 7,
          uids: [2, 3, 4, 5],
          values: [65_535, 27_306, 10_922, 5_461],
        },
      ],
    ]);
    expect(inspect(signer, { depth: 9, showHidden: true })).not.toContain('07'.repeat(8));
  });

  it('signs no more than its limit, until the time is over', async () => {
    const { signer, clock } = aSigner();
    for (let at = 0; at < 3; at++) await signer.signPayload(aRequest());
    clock.now += 59_999;
    await expect(signer.signPayload(aRequest())).rejects.toMatchObject({ code: 'too_many', retryable: true });
    clock.now += 1;
    expect((await signer.signPayload(aRequest())).id).toBe(4);
  });

  it('does not count what it refused', async () => {
    const { signer } = aSigner();
    for (let at = 0; at < 5; at++)
      await expect(signer.signPayload(aRequest({ method: TRANSFER }))).rejects.toThrow();
    expect((await signer.signPayload(aRequest())).id).toBe(1);
  });
});
