/** Which webhooks never arrived, read from the log of deliveries. Pure. */
import type { FailedDelivery } from './github.ts';

/** One attempt at a delivery; all attempts of one event share its `guid`. */
export interface Attempt {
  readonly id: string;
  readonly guid: string;
  readonly event: string;
  readonly deliveredAt: string;
  readonly redelivery: boolean;
  readonly statusCode: number;
}

/** Events attempted since then, none of whose attempts succeeded, oldest first, each told by its first attempt. */
export function failedDeliveriesOf(attempts: readonly Attempt[], sinceMs: number): FailedDelivery[] {
  const events = new Map<string, Attempt[]>();
  for (const attempt of [...attempts].sort((a, b) => timeOf(a) - timeOf(b)))
    events.set(attempt.guid, [...(events.get(attempt.guid) ?? []), attempt]);
  return [...events.values()]
    .filter((event) => !event.some(({ statusCode }) => statusCode >= 200 && statusCode < 300))
    .filter((event) => event.some((attempt) => timeOf(attempt) >= sinceMs))
    .flatMap(([first]) => first ?? [])
    .map(({ id, guid, event, deliveredAt }) => ({ id, guid, event, deliveredAt }));
}

/**
 * Whether older pages must still be read: the log runs backwards in time, and the first attempt of an event lies
 * before its redeliveries.
 */
export function wantsOlder(attempts: readonly Attempt[], sinceMs: number): boolean {
  const oldest = attempts.at(-1);
  if (oldest === undefined) return false;
  if (timeOf(oldest) >= sinceMs) return true;
  const origins = new Set(attempts.filter(({ redelivery }) => !redelivery).map(({ guid }) => guid));
  return attempts.some(({ guid }) => !origins.has(guid));
}

function timeOf(attempt: Attempt): number {
  return Date.parse(attempt.deliveredAt);
}
