/** Why a hotkey file cannot be used. No message quotes what the file holds. */

export type KeyfileErrorCode =
  | 'unreadable'
  | 'too_open'
  | 'coldkey'
  | 'not_a_keyfile'
  | 'unsupported_encryption'
  | 'password_missing'
  | 'wrong_password'
  | 'wrong_key_type'
  | 'no_secret'
  | 'contradiction';

/** `userMessage` says what to do next. There is no `cause`: what a parser throws may quote the secret. */
export class KeyfileError extends Error {
  override readonly name = 'KeyfileError';
  readonly retryable = false;
  constructor(
    readonly code: KeyfileErrorCode,
    readonly userMessage: string,
  ) {
    super(`${code}: ${userMessage}`);
  }
}
