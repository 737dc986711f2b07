/** Sends events to the Apps as GitHub does, keeps the delivery log, and loses or repeats deliveries on request. */
import { createHmac, randomUUID } from 'node:crypto';
import type { App, Apps } from './apps.ts';
import type { Json } from './repositories.ts';
import type { InstallationRow, RepositoryRow } from './rows.ts';

/** One attempt to deliver; a redelivery is a new attempt with the same GUID. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly appId: number;
  readonly event: string;
  readonly action: string | null;
  readonly installationId: number;
  readonly repositoryId: number | null;
  readonly redelivery: boolean;
  readonly payload: Json;
  readonly headers: Record<string, string>;
  readonly deliveredAt: string;
  /** Seconds. */
  readonly duration: number;
  /** 0 when no answer came. */
  readonly statusCode: number;
  readonly status: string;
}

export interface Event {
  readonly name: string;
  readonly action?: string;
  readonly payload: Json;
  /** Whose installations hear of it; an event about an installation names that instead. */
  readonly repository?: RepositoryRow;
  readonly installation?: InstallationRow;
}

/** GitHub gives up after 10 s (docs, Webhooks: timeouts). */
const TIMEOUT_MS = 10_000;
const FIRST_DELIVERY_ID = 880_001;

export class Webhooks {
  /** Every attempt, oldest first. */
  readonly deliveries: Delivery[] = [];
  readonly #apps: Apps;
  readonly #check: (event: string, payload: Json) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #nextId = FIRST_DELIVERY_ID;
  #toLose = 0;
  #toRepeat = 0;

  /** `check` sees every payload before it is sent. */
  constructor(apps: Apps, check: (event: string, payload: Json) => void) {
    this.#apps = apps;
    this.#check = check;
  }

  /** Starts delivery to every App whose installation sees the event; `settled` waits for the answers. */
  emit(event: Event): void {
    for (const app of this.#apps.all()) {
      const installation = event.repository
        ? this.#apps.installationFor(app, event.repository)
        : event.installation;
      if (!installation || installation.app_id !== app.id || installation.suspended_at) continue;
      // Events about the installation itself come without subscription.
      if (event.repository && !app.events.includes(event.name)) continue;
      const payload = {
        ...event.payload,
        installation: event.payload.installation ?? {
          id: installation.installation_id,
          node_id: `INST_${installation.installation_id}`,
        },
      };
      this.#check(event.name, payload);
      const attempt = {
        guid: randomUUID(),
        event: event.name,
        action: event.action ?? null,
        installationId: installation.installation_id,
        repositoryId: event.repository?.id ?? null,
        payload,
      };
      this.#start(app, attempt, false);
      if (this.#toRepeat > 0) {
        this.#toRepeat--;
        this.#start(app, attempt, false);
      }
    }
  }

  /** The next `count` deliveries never arrive; the log has them as failed. */
  loseNext(count: number): void {
    this.#toLose += count;
  }

  /** The next `count` deliveries arrive twice under one GUID. */
  repeatNext(count: number): void {
    this.#toRepeat += count;
  }

  /** Sends a logged delivery again under its GUID; false when there is none. */
  redeliver(id: number): boolean {
    const logged = this.deliveries.find((delivery) => delivery.id === id);
    const app = logged && this.#apps.byId(logged.appId);
    if (!logged || !app) return false;
    this.#start(app, logged, true);
    return true;
  }

  /** Resolves when no delivery is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Breaks deliveries off and starts no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.settled();
  }

  #start(
    app: App,
    attempt: Pick<Delivery, 'guid' | 'event' | 'action' | 'installationId' | 'repositoryId' | 'payload'>,
    redelivery: boolean,
  ): void {
    if (this.#closing.signal.aborted) return;
    const id = this.#nextId++;
    const body = JSON.stringify(attempt.payload);
    const headers = this.#headers(app, attempt, body);
    const lost = this.#toLose > 0;
    if (lost) this.#toLose--;
    const startedAt = Date.now();
    const { guid, event, action, installationId, repositoryId, payload } = attempt;
    const running = (lost ? Promise.resolve(LOST) : this.#post(app, body, headers)).then((answer) => {
      this.deliveries.push({
        id,
        guid,
        appId: app.id,
        event,
        action,
        installationId,
        repositoryId,
        redelivery,
        payload,
        headers,
        deliveredAt: new Date(startedAt).toISOString(),
        duration: (Date.now() - startedAt) / 1000,
        ...answer,
      });
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #post(
    app: App,
    body: string,
    headers: Record<string, string>,
  ): Promise<{ statusCode: number; status: string }> {
    if (app.webhookUrl === null) return { statusCode: 0, status: 'no webhook URL is set' };
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const response = await fetch(app.webhookUrl, { method: 'POST', body, headers, signal });
      await response.arrayBuffer();
      return { statusCode: response.status, status: response.ok ? 'OK' : response.statusText };
    } catch (error) {
      return { statusCode: 0, status: error instanceof Error ? error.message : String(error) };
    }
  }

  #headers(app: App, { guid, event }: { guid: string; event: string }, body: string) {
    const digest = (hash: string) => createHmac(hash, app.webhookSecret).update(body).digest('hex');
    return {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/0ff11ne',
      'x-github-event': event,
      'x-github-delivery': guid,
      'x-github-hook-id': String(app.id),
      'x-github-hook-installation-target-id': String(app.id),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature': `sha1=${digest('sha1')}`,
      'x-hub-signature-256': `sha256=${digest('sha256')}`,
    };
  }
}

const LOST = { statusCode: 502, status: 'failed to connect to host' };
