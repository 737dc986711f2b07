/** The weight setter as it runs: over a WebSocket to the chain double, its attempts in a database, signed by a hotkey. */
import { onTestFinished } from 'vitest';
import { type ConnectOptions, connectChain } from '../../../app/chain/connection/connect.ts';
import { databaseWeightSetStore } from '../../../app/chain/setter/database-store.ts';
import { createWeightSetter, type WeightSetterOptions } from '../../../app/chain/setter/drive-weights.ts';
import type { SetterReport } from '../../../app/chain/setter/report.ts';
import { openDatabase } from '../../../db/connection.ts';
import { migrate } from '../../../db/migrate.ts';
import { type ChainDouble, type ChainDoubleOptions, startChainDouble } from '../../doubles/chain/start.ts';
import type { Hyperparameters } from '../../doubles/chain/subnet-setup.ts';
import { NETUID, OWNER, setterOptions, slotOf, TEMPO, VALIDATOR, WINNERS } from './the-subnet.ts';

/** Netuid 7: the owner has uid 0, the validator uid 1, the winners uids 2 and 3. Ends with the test. */
export async function aSubnet(
  subnet: Hyperparameters = {},
  options: ChainDoubleOptions = {},
): Promise<ChainDouble> {
  const double = await startChainDouble({
    finalityLag: 2,
    stakeThreshold: 1_000,
    subnets: [
      {
        netuid: NETUID,
        tempo: TEMPO,
        weightsSetRateLimit: 10,
        commitReveal: false,
        neurons: [
          { hotkey: OWNER },
          { hotkey: VALIDATOR.hotkey, permit: true, stakeRao: 5_000n },
          ...WINNERS.map((hotkey) => ({ hotkey })),
        ],
        ...subnet,
      },
    ],
    ...options,
  });
  onTestFinished(() => double.close());
  return double;
}

/** A setter with a database of its own. */
export async function aSetter(
  double: ChainDouble,
  more: Partial<WeightSetterOptions> = {},
  connect: Partial<ConnectOptions> = {},
) {
  const db = openDatabase(':memory:');
  await migrate(db);
  const { genesisHash } = double;
  const chain = connectChain({ endpoints: [double.url], genesisHash, ...connect });
  onTestFinished(async () => {
    await chain.close();
    await db.destroy();
  });
  const store = databaseWeightSetStore(db, { owner: 'test', now: () => 0, leaseMs: 60_000 });
  const setter = createWeightSetter({ ...setterOptions(chain, store, double.beacon), ...more });
  return {
    chain,
    store,
    look: () => setter.look(),
    history: () => store.history(slotOf(double), 50),
    /** Looks as often as each look asks for, until that block is the head. The last report. */
    async live(until: number): Promise<SetterReport> {
      let report = await setter.look();
      while (double.head().number < until) {
        const left = until - double.head().number;
        await double.mine(Math.min(report.againInBlocks, left));
        report = await setter.look();
      }
      return report;
    },
  };
}

export const kindsOf = ({ steps }: SetterReport) => steps.map(({ kind }) => kind);
export const codesOf = ({ alerts }: SetterReport) => alerts.map(({ code }) => code);
