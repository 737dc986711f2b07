/** Bittensor's own SDK, which must read of a node what we do. */
import path from 'node:path';
import { z } from 'zod';
import { askPython, makePython, type Peer, pythonOf } from '../peer-python.ts';

const SDK: Peer = { packages: ['bittensor==11.3.0'], script: path.join(import.meta.dirname, 'sdk.py') };

const Row = z.object({
  /** uid and u16. */
  stored: z.array(z.tuple([z.number(), z.number()])),
  /** uid and fraction, as the SDK shows it to people. */
  shown: z.array(z.tuple([z.number(), z.number()])),
});

export async function installSdk(log: (line: string) => void): Promise<void> {
  if (pythonOf(SDK) === null)
    log(`installing ${SDK.packages.join(' ')} for Python (110 MB, about half a minute)`);
  await makePython(SDK);
  log(`Bittensor's SDK is there: ${SDK.packages.join(' ')}`);
}

/** Null where it is not installed. */
export function findSdk(): string | null {
  return pythonOf(SDK);
}

export async function rowBySdk(
  python: string,
  url: string,
  netuid: number,
  uid: number,
): Promise<z.infer<typeof Row>> {
  return Row.parse(JSON.parse(await askPython(SDK, python, 'row', url, String(netuid), String(uid))));
}
