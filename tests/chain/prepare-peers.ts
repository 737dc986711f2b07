/**
 * Finds or makes the Python that holds Bittensor's own timelock and wallet packages, which ours must agree with.
 * Run: npx tsx tests/chain/prepare-peers.ts
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { askPython, makePython, type Peer, pythonOf } from './peer-python.ts';

const PEERS: Peer = {
  packages: ['bittensor-drand==2.0.0', 'bittensor-wallet==4.1.1'],
  script: path.join(import.meta.dirname, 'peer.py'),
};
export const HOW_TO_PREPARE = 'make it with: npx tsx tests/chain/prepare-peers.ts';

/** Its Python, or null; with REQUIRE_ALL=1 an absent one is an error. */
export function findPeers(): string | null {
  const python = pythonOf(PEERS);
  if (python !== null) return python;
  if (process.env.REQUIRE_ALL === '1')
    throw new Error(`Bittensor's own packages are required; ${HOW_TO_PREPARE}`);
  console.warn(`Bittensor's own packages are absent, skipping; ${HOW_TO_PREPARE}`);
  return null;
}

/** Runs `peer.py` and gives the line that it printed. */
export function askPeer(python: string, ...args: readonly string[]): Promise<string> {
  return askPython(PEERS, python, ...args);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await makePython(PEERS));
