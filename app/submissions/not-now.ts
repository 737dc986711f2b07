/** A step is right and its turn has not come: not a failure, and tried again soon. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  constructor(readonly retryAfterMs: number) {
    super(`in ${retryAfterMs} ms`);
  }
}
