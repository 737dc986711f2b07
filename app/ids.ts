/** Branded identities: a number or a string that has been checked once, at the boundary. */

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type RepoId = Brand<number, 'RepoId'>;
export type OwnerId = Brand<number, 'OwnerId'>;
export type InstallationId = Brand<number, 'InstallationId'>;
export type Sha = Brand<string, 'Sha'>;
/** SS58 address (prefix 42) of an sr25519 hotkey. */
export type Hotkey = Brand<string, 'Hotkey'>;
/** Lower-case hex sha256. */
export type Digest = Brand<string, 'Digest'>;

/** A full 40-digit lower-case commit, tree or blob id; anything else throws. */
export function parseSha(text: string): Sha {
  if (!/^[0-9a-f]{40}$/.test(text))
    throw new Error(`not a full 40-digit SHA: ${JSON.stringify(text.slice(0, 60))}`);
  return text as Sha;
}

/** A positive safe integer, as GitHub's numeric ids are. */
export function parseId<T extends RepoId | OwnerId | InstallationId>(value: unknown): T {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
    throw new Error(`not a numeric GitHub id: ${JSON.stringify(value)?.slice(0, 60)}`);
  return value as T;
}
