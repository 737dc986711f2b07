import { generateKeyPairSync } from 'node:crypto';
import { pino } from 'pino';
import { createProbot } from 'probot';
import { describe, expect, it } from 'vitest';
import refereeBot from '../../app/bot.ts';
import type { Delivery } from '../../db/inbox.ts';

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string;

/** Rows that the bot makes of one event. */
async function rowsOf(name: string, payload: Record<string, unknown>): Promise<Delivery[]> {
  const rows: Delivery[] = [];
  const probot = createProbot({
    env: {},
    overrides: { appId: 1, privateKey, secret: 'unused here', log: pino({ level: 'silent' }) },
  });
  const inbox = {
    add: async (row: Delivery) => {
      rows.push(row);
      return 'new' as const;
    },
  };
  await probot.load(
    refereeBot('operator', inbox, () => 42),
    { cwd: '.', addHandler: () => {} },
  );
  await probot.receive({ id: 'guid-1', name, payload } as unknown as Parameters<typeof probot.receive>[0]);
  return rows;
}

describe('bot', () => {
  it('makes one row of an event that has an action, a repository and an installation', async () => {
    const payload = { action: 'rerequested', repository: { id: 3 }, installation: { id: 4 } };
    expect(await rowsOf('check_run', payload)).toEqual([
      {
        guid: 'guid-1',
        source: 'operator',
        event: 'check_run',
        action: 'rerequested',
        repoId: 3,
        installationId: 4,
        payload: JSON.stringify(payload),
        receivedAt: 42,
      },
    ]);
  });

  it.each([
    ['push', undefined],
    ['installation', 'created'],
    ['installation', 'deleted'],
    ['installation_repositories', 'added'],
    ['installation_target', 'renamed'],
    ['repository', 'transferred'],
    ['repository', 'privatized'],
    ['check_run', 'requested_action'],
    ['check_suite', 'rerequested'],
    ['workflow_run', 'completed'],
    ['workflow_job', 'in_progress'],
  ])('stores %s %s', async (name, action) => {
    const rows = await rowsOf(name, { ...(action ? { action } : {}), installation: { id: 4 } });
    expect(rows).toMatchObject([{ event: name, action: action ?? null, repoId: null }]);
  });

  it.each([
    ['check_run', 'created'],
    ['check_run', 'completed'],
    ['check_suite', 'requested'],
    ['star', 'created'],
  ])(
    'stores nothing of %s %s, the echo of its own work or somebody else’s business',
    async (name, action) => {
      expect(await rowsOf(name, { action, installation: { id: 4 } })).toEqual([]);
    },
  );

  it('stores a row without ids that are not numbers', async () => {
    const rows = await rowsOf('push', { repository: { id: 'x' }, action: 7, installation: {} });
    expect(rows).toMatchObject([{ repoId: null, installationId: null, action: null }]);
  });
});
