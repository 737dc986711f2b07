/** The steps that write check-runs: create once, find after silence, update, annotate in batches of 50. */
import { noteCreated, noteSent, startCreating, undoCreating, wantCheck } from '../../../db/checks.ts';
import { type ForkRow, markForkGone } from '../../../db/forks.ts';
import { type Annotation, type CheckRunState, type ForkRef, GitHubError } from '../../github/github.ts';
import type { InstallationId, RepoId, Sha } from '../../ids.ts';
import { CHECK_TITLES } from '../../reports/output.ts';
import type { Phase } from '../phase.ts';
import type { Step } from '../plan.ts';
import type { Services } from '../services.ts';
import type { Loaded } from '../snapshot.ts';
import { renderCheck } from '../view.ts';

const BATCH = 50;

export function forkRef(loaded: Loaded): ForkRef {
  const { fork } = loaded;
  if (fork === null) throw new Error(`repository ${loaded.row.repoId} is unknown`);
  return refOf(fork);
}

/** How GitHub is asked about a fork that is stored. */
export function refOf({ repoId, installationId, owner, name }: ForkRow): ForkRef {
  return { repoId: repoId as RepoId, installationId: installationId as InstallationId, owner, name };
}

type CheckStep<Do extends Step['do']> = Extract<Step, { do: Do }>;

export async function writeCheck(
  services: Services,
  loaded: Loaded,
  step: CheckStep<'write_check'>,
): Promise<void> {
  const check = loaded.checks.find(({ id }) => id === step.check);
  if (check === undefined) throw new Error(`check ${step.check} is unknown`);
  const { db, now, watcher } = services;
  const { state, annotations } = await renderCheck(services, loaded, step.name, step.phase);
  const batch = annotations.slice(check.annotationsSent, check.annotationsSent + BATCH);
  const annotationsSent = check.annotationsSent + batch.length;
  if (check.checkRunId !== null) {
    await guarded(services, loaded, async () => {
      await sendWithin(batch, (some) =>
        watcher.updateCheckRun(forkRef(loaded), check.checkRunId as number, withBatch(state, some)),
      );
    });
    await noteSent(db, check.id, sentAs(step.phase, annotationsSent), now());
    return;
  }
  if (!(await startCreating(db, check.id, now()))) return;
  const identity = {
    name: CHECK_TITLES[step.name],
    headSha: loaded.row.headSha as Sha,
    externalId: check.externalId,
  };
  try {
    const made = await guarded(services, loaded, () =>
      sendWithin(batch, (some) =>
        watcher.createCheckRun(forkRef(loaded), { ...identity, ...withBatch(state, some) }),
      ),
    );
    await noteCreated(db, check.id, made.id, now());
    await noteSent(db, check.id, sentAs(step.phase, annotationsSent), now());
  } catch (error) {
    if (error instanceof GitHubError && !error.details.outcomeUnknown)
      await undoCreating(db, check.id, now());
    throw error;
  }
}

export async function annotate(
  services: Services,
  loaded: Loaded,
  step: CheckStep<'annotate'>,
): Promise<void> {
  const check = loaded.checks.find(({ id }) => id === step.check);
  if (check?.checkRunId == null) throw new Error(`check ${step.check} has no check-run`);
  const { state, annotations } = await renderCheck(services, loaded, check.name, step.phase);
  const batch = annotations.slice(step.from, step.from + BATCH);
  const id = check.checkRunId;
  await guarded(services, loaded, () =>
    sendWithin(batch, (some) => services.watcher.updateCheckRun(forkRef(loaded), id, withBatch(state, some))),
  );
  // Counted even where GitHub refuses them: the verdict is in the summary, and asking for ever helps nobody.
  const annotationsSent = batch.length === 0 ? loaded.snapshot.annotations : step.from + batch.length;
  await noteSent(services.db, check.id, sentAs(step.phase, annotationsSent), services.now());
}

export async function findCheck(
  services: Services,
  loaded: Loaded,
  step: CheckStep<'find_check'>,
): Promise<void> {
  const check = loaded.checks.find(({ id }) => id === step.check);
  if (check === undefined) throw new Error(`check ${step.check} is unknown`);
  const found = await guarded(services, loaded, () =>
    services.watcher.findCheckRun(
      forkRef(loaded),
      loaded.row.headSha as Sha,
      CHECK_TITLES[check.name],
      check.externalId,
    ),
  );
  if (found === null) await undoCreating(services.db, check.id, services.now());
  else await noteCreated(services.db, check.id, found.id, services.now());
}

export async function wantAgain(
  services: Services,
  loaded: Loaded,
  step: CheckStep<'want_check'>,
): Promise<void> {
  const { name, serial } = step;
  await wantCheck(services.db, { submissionId: loaded.row.id, name, serial }, services.now());
}

function sentAs(phase: Phase, annotationsSent: number) {
  return { phase: phase.key, status: phase.status, conclusion: phase.conclusion, annotationsSent };
}

function withBatch(state: CheckRunState, annotations: readonly Annotation[]): CheckRunState {
  return annotations.length > 0 ? { ...state, annotations } : state;
}

/** Annotations that GitHub finds invalid must not keep the verdict from being shown: once more without them. */
async function sendWithin<T>(
  batch: readonly Annotation[],
  send: (annotations: readonly Annotation[]) => Promise<T>,
): Promise<T> {
  try {
    return await send(batch);
  } catch (error) {
    if (batch.length > 0 && error instanceof GitHubError && error.code === 'invalid') return send([]);
    throw error;
  }
}

/** A refusal may mean that the repository or our access is gone: then nothing more is tried there. */
async function guarded<T>(services: Services, loaded: Loaded, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const refused =
      error instanceof GitHubError && ['not_found', 'forbidden', 'unauthorized'].includes(error.code);
    if (refused && (await services.watcher.repository(forkRef(loaded))) === null) {
      await markForkGone(services.db, loaded.row.repoId, services.now());
      services.log.info({ repoId: loaded.row.repoId }, 'the fork, or access to it, is gone');
    }
    throw error;
  }
}
