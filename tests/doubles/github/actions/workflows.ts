/** The workflows of repositories, found in the files of their default branches. */
import path from 'node:path';
import { notFound } from '../api.ts';
import { type BareRepositories, git } from '../git.ts';
import type { Repositories } from '../repositories.ts';
import type { RepositoryRow } from '../rows.ts';
import type { Workflow } from './run-record.ts';
import { workflowName } from './workflow-file.ts';

const FIRST_WORKFLOW_ID = 161_001;

export class Workflows {
  readonly #repositories: Repositories;
  readonly #bare: BareRepositories;
  readonly #found: Workflow[] = [];

  constructor(repositories: Repositories, bare: BareRepositories) {
    this.#repositories = repositories;
    this.#bare = bare;
  }

  of(repository: RepositoryRow): Workflow[] {
    return this.#found.filter((workflow) => workflow.repositoryId === repository.id);
  }

  /** By id, file name or path; throws 404. */
  get(repository: RepositoryRow, key: string): Workflow {
    const found = this.of(repository).find(
      ({ id, path: file }) => String(id) === key || file === key || path.basename(file) === key,
    );
    if (!found) throw notFound();
    return found;
  }

  /** Call after each push. A file that is no valid workflow is listed all the same, as on GitHub. */
  async discover(repository: RepositoryRow): Promise<void> {
    const head = this.#repositories.history.branchHead(repository, repository.default_branch);
    if (!head) return;
    const directory = this.#bare.directory(repository.id);
    const listed = await git(directory, 'ls-tree', '-r', '-z', '--name-only', head, '.github/workflows/');
    for (const file of listed.split('\0').filter((name) => /\.ya?ml$/.test(name))) {
      const known = this.of(repository).find((workflow) => workflow.path === file);
      const name = workflowName(await git(directory, 'show', `${head}:${file}`)) ?? file;
      if (known) known.name = name;
      else
        this.#found.push({
          id: FIRST_WORKFLOW_ID + this.#found.length,
          repositoryId: repository.id,
          path: file,
          name,
        });
    }
  }
}
