import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Envelope, isSealedBy, keyIdOf, rawPublicKey, WellKnown } from '../../app/chain/standing/envelope.ts';
import { StandingPayload } from '../../app/chain/standing/payload.ts';
import { recount } from '../../app/chain/standing/recompute.ts';
import { createStandingReader } from '../../app/http/standing-payload.ts';
import { standingRoutes } from '../../app/http/standing-routes.ts';
import { World } from '../submissions/world.ts';
import { running } from './running.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const publicKey = rawPublicKey(privateKey);
const key = { privateKey, publicKey, keyId: keyIdOf(publicKey) };

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

async function served() {
  let reads = 0;
  const read = createStandingReader(world.services());
  const counted = () => {
    reads += 1;
    return read();
  };
  const { network, netuid } = world.services().settings;
  const { url } = await running(standingRoutes({ read: counted, key, network, netuid, version: '1.2.3' }));
  return { url, reads: () => reads, standing: `${url}/api/v1/standing` };
}

async function judged(number: number) {
  await world.takeIn(world.commit(world.miner(number), `fast = ${number}\n`));
  await world.settle();
}

describe('GET /api/v1/standing', () => {
  it('says what the places follow from, so that anybody has the same shares', async () => {
    for (const number of [1, 2, 3, 4, 5]) await judged(number);
    const { standing } = await served();
    const envelope = Envelope.parse(await (await fetch(standing)).json());
    expect(isSealedBy(envelope, publicKey)).toBe(true);
    const payload = StandingPayload.parse(envelope.payload);
    expect(payload.submissions).toHaveLength(5);
    expect(payload.submissions[0]).toMatchObject({
      place: 1,
      id: 1,
      hotkey: world.miner(1).hotkey,
      ownerId: 501,
      targetLength: 1024,
      multiplier: 0.5,
      claimedTokensPerSec: null,
      decision: { status: 'accepted', reason: 'accepted' },
      share: 0.6,
    });
    const [first] = payload.submissions;
    expect(first?.results).toHaveLength(1);
    expect(first?.tokensPerSecHigh).toBeGreaterThanOrEqual(first?.tokensPerSec ?? Number.POSITIVE_INFINITY);
    expect(first?.tokensPerSecLow).toBeLessThan(first?.tokensPerSec ?? 0);
    expect(recount(payload)).toEqual({ kind: 'same', shares: payload.shares });
    expect(payload.shares.map(({ share }) => share)).toEqual([0.6, 0.25, 0.1, 0.05]);
  });

  it('is signed before anybody has won', async () => {
    const { standing } = await served();
    const envelope = Envelope.parse(await (await fetch(standing)).json());
    expect(recount(StandingPayload.parse(envelope.payload))).toEqual({ kind: 'same', shares: [] });
  });

  it('names no repository, commit or account name', async () => {
    const miner = world.miner(1);
    const push = world.commit(miner, 'fast = 1\n');
    await world.takeIn(push);
    await world.settle();
    const { standing } = await served();
    const text = await (await fetch(standing)).text();
    for (const told of [push.head, push.owner, push.name]) expect(text).not.toContain(told);
    expect(text).toContain(miner.hotkey);
  });

  it('is the same for a minute, and 304 for who has it', async () => {
    await judged(1);
    world.clock = Math.ceil(world.clock / 60_000) * 60_000;
    const { standing } = await served();
    const answer = await fetch(standing);
    const etag = answer.headers.get('etag') ?? '';
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    world.clock += 59_999;
    expect((await fetch(standing, { headers: { 'if-none-match': etag } })).status).toBe(304);
    world.clock += 1;
    const next = await fetch(standing, { headers: { 'if-none-match': etag } });
    expect(next.status).toBe(200);
    expect(next.headers.get('etag')).not.toBe(etag);
  });

  it('is read once for all who ask meanwhile', async () => {
    const { standing, reads } = await served();
    await Promise.all(Array.from({ length: 20 }, () => fetch(standing)));
    const first = reads();
    expect(first).toBeLessThan(20);
    await fetch(standing);
    expect(reads()).toBe(first + 1);
  });
});

describe('/.well-known/quasar-referee.json', () => {
  it('gives the key that the standing is signed with', async () => {
    const { url } = await served();
    const answer = await fetch(`${url}/.well-known/quasar-referee.json`);
    expect(WellKnown.parse(await answer.json())).toEqual({
      network: 'test',
      netuid: 24,
      keys: [{ keyId: key.keyId, publicKey }],
      version: '1.2.3',
    });
  });
});
