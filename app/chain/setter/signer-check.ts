/** Whether the signer is the one that this configuration is for: a wrong one is found out before weights are due. */
import { SignerError, type WeightSigner } from '../signer.ts';

export interface ExpectedSigner {
  readonly account: string;
  readonly signingAccount: string;
  readonly netuid: number;
  readonly genesisHash: string;
}

export interface SignerCheck {
  /** What is wrong, for people; null when all is right. Asks the signer only until it was right. */
  problem(): Promise<string | null>;
  /** After a signature failed: it may have been started anew with something else. */
  again(): void;
}

export function signerCheck(signer: WeightSigner, expected: ExpectedSigner): SignerCheck {
  let isRight = false;
  return {
    async problem() {
      if (isRight) return null;
      try {
        const problem = await compare(signer, expected);
        isRight = problem === null;
        return problem;
      } catch (error) {
        if (error instanceof SignerError) return error.userMessage;
        throw error;
      }
    },
    again() {
      isRight = false;
    },
  };
}

async function compare(
  signer: WeightSigner,
  { account, signingAccount, netuid, genesisHash }: ExpectedSigner,
): Promise<string | null> {
  const is = await signer.identity();
  const proxyFor = signingAccount === account ? null : account;
  const differences = [
    ...difference('the key of', is.hotkey, signingAccount),
    ...difference('the proxy of', is.proxyFor ?? 'nobody', proxyFor ?? 'nobody'),
    ...difference('netuid', String(is.netuid), String(netuid)),
    ...difference('genesis', is.genesisHash, genesisHash),
  ];
  if (differences.length === 0) return null;
  return `the signer is not the one that is configured, and nothing is sent: it has ${differences.join(', ')}`;
}

function difference(what: string, is: string, wanted: string): string[] {
  return is === wanted ? [] : [`${what} ${is} instead of ${wanted}`];
}
