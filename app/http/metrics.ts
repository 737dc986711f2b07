/** Prometheus metrics of one App instance: its own registry, so that two instances in one process do not mix. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly deliveries: Counter<'source' | 'event' | 'outcome'>;
  readonly deliveriesRefused: Counter<'source' | 'cause'>;
  readonly deliverySeconds: Histogram<'source'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'referee_http_requests_total',
      help: 'Answered HTTP requests by route and status',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    deliveries: new Counter({
      name: 'referee_webhook_deliveries_total',
      help: 'Webhook deliveries with a good signature, by what became of them',
      labelNames: ['source', 'event', 'outcome'],
      registers,
    }),
    deliveriesRefused: new Counter({
      name: 'referee_webhook_refused_total',
      help: 'Requests to the webhook addresses that did not prove to come from GitHub',
      labelNames: ['source', 'cause'],
      registers,
    }),
    deliverySeconds: new Histogram({
      name: 'referee_webhook_seconds',
      help: 'Time from verified signature to durable inbox row',
      labelNames: ['source'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 9],
      registers,
    }),
  };
}

/** A gauge that is read when somebody scrapes; a reading that fails leaves the gauge out of that scrape. */
export function addGauge(
  metrics: Metrics,
  name: string,
  help: string,
  read: () => Promise<number | null>,
): void {
  new Gauge({
    name,
    help,
    registers: [metrics.registry],
    async collect() {
      this.reset();
      const value = await read().catch(() => null);
      if (value === null) this.remove();
      else this.set(value);
    },
  });
}
