/** As much of chopsticks as is used here; it is imported from the user's cache, so its own types are not at hand. */

export type StorageDiff = readonly (readonly [key: string, value: string | null])[];

export interface ChainSpec {
  readonly genesis: unknown;
  readonly [name: string]: unknown;
}

export interface RawSpec extends ChainSpec {
  readonly genesis: {
    readonly raw: { readonly top: Record<string, string>; readonly childrenDefault: Record<string, never> };
  };
}

interface TaskHandler {
  readonly getStorage: (key: string) => Promise<string | undefined>;
  readonly getNextKey: (prefix: string, key: string) => Promise<string | undefined>;
}

interface Task {
  readonly wasm: string;
  readonly calls: readonly (readonly [name: string, args: readonly string[]])[];
  readonly mockSignatureHost: boolean;
  readonly allowUnresolvedImports: boolean;
  readonly runtimeLogLevel: number;
}

type TaskAnswer =
  | { readonly Call: { readonly result: string; readonly storageDiff: StorageDiff } }
  | { readonly Error: string };

export interface Chopsticks {
  runTask(task: Task, handler: TaskHandler): Promise<TaskAnswer>;
  readonly emptyTaskHandler: TaskHandler;
  readonly getAuraSlotDuration: { readonly cache: Map<string, Promise<number>> };
  setupWithServer(options: Readonly<Record<string, unknown>>): Promise<{ readonly addr: string }>;
}

/** Calls a function of the runtime API over the given state; throws with what the runtime said. */
export async function callRuntime(
  { runTask, emptyTaskHandler }: Chopsticks,
  { wasm, name, args, state }: RuntimeApiCall,
): Promise<{ readonly result: Buffer; readonly storageDiff: StorageDiff }> {
  const answer = await runTask(
    {
      wasm,
      calls: [[name, args.map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)]],
      mockSignatureHost: false,
      // this runtime imports host functions for BLS12-381 that chopsticks does not have
      allowUnresolvedImports: true,
      runtimeLogLevel: 0,
    },
    { ...emptyTaskHandler, getStorage: async (key) => state?.[key], getNextKey: async () => undefined },
  );
  if ('Error' in answer) throw new Error(`${name}: ${answer.Error}`);
  return { ...answer.Call, result: Buffer.from(answer.Call.result.slice(2), 'hex') };
}

export interface RuntimeApiCall {
  /** Hex of the runtime. */
  readonly wasm: string;
  readonly name: string;
  readonly args: readonly Uint8Array[];
  readonly state?: Readonly<Record<string, string>>;
}
