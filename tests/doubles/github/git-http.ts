/** git over smart HTTP: `git http-backend` as CGI over the bare repositories, so that pushes and clones are real. */
import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account, Accounts } from './accounts.ts';
import { type BareRepositories, GIT_ENVIRONMENT } from './git.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryRow, TokenOwner } from './rows.ts';

/** `/owner/name.git/…` or, as actions/checkout asks, `/owner/name/…`. */
const GIT_PATH = /^\/([^/]+\/[^/]+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;

export interface GitRequest {
  readonly fullName: string;
  readonly service: string;
}

export function parseGitRequest(url: URL): GitRequest | null {
  const match = GIT_PATH.exec(url.pathname);
  return match ? { fullName: match[1] ?? '', service: match[2] ?? '' } : null;
}

export class GitHttp {
  readonly #repositories: Repositories;
  readonly #accounts: Accounts;
  readonly #bare: BareRepositories;
  readonly #tokens: Map<string, TokenOwner>;
  readonly #pushed: (repository: RepositoryRow, pusher: Account) => Promise<void>;

  /** `pushed` runs after git has taken a push and before the client hears of it. */
  constructor(
    repositories: Repositories,
    accounts: Accounts,
    bare: BareRepositories,
    tokens: Map<string, TokenOwner>,
    pushed: (repository: RepositoryRow, pusher: Account) => Promise<void>,
  ) {
    this.#repositories = repositories;
    this.#accounts = accounts;
    this.#bare = bare;
    this.#tokens = tokens;
    this.#pushed = pushed;
  }

  async serve(
    { fullName, service }: GitRequest,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const writes = service.includes('receive-pack') || url.search.includes('receive-pack');
    const token = basicToken(request.headers.authorization);
    const repository = this.#repositories.find(fullName) ?? this.#repositories.renamedFrom(fullName);
    const access = repository && this.#access(repository, token);
    if (!repository || !access) {
      if (token === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
      else response.writeHead(404).end('Repository not found.');
      return;
    }
    const pusher = token === undefined ? undefined : this.#accounts.byToken(token);
    if (writes && (access !== 'write' || !pusher)) {
      if (token === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
      else response.writeHead(403).end('Permission denied.');
      return;
    }
    const { status, headers, body } = await this.#backend(repository, service, url, request, pusher);
    if (writes && pusher && request.method === 'POST') await this.#pushed(repository, pusher);
    response.writeHead(status, headers).end(body);
  }

  #access(repository: RepositoryRow, token: string | undefined): 'read' | 'write' | null {
    const owner = token === undefined ? undefined : this.#tokens.get(token);
    if (owner?.installation) {
      const { accountId, repositoryIds, repositorySelection, permissions } = owner.installation;
      const reaches =
        accountId === repository.owner_id &&
        (repositorySelection === 'all' || repositoryIds.includes(repository.id));
      return reaches && permissions.contents ? 'read' : null;
    }
    if (owner?.id === repository.owner_id) return 'write';
    return repository.private ? null : 'read';
  }

  #backend(
    repository: RepositoryRow,
    service: string,
    url: URL,
    request: IncomingMessage,
    pusher: Account | undefined,
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    const header = (name: string) => String(request.headers[name] ?? '');
    const child = spawn('git', ['http-backend'], {
      env: {
        ...GIT_ENVIRONMENT,
        GIT_PROJECT_ROOT: this.#bare.root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: `/${repository.id}.git${service}`,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: header('content-type'),
        REMOTE_USER: pusher?.login ?? '',
        HTTP_CONTENT_ENCODING: header('content-encoding'),
        HTTP_GIT_PROTOCOL: header('git-protocol'),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // A client that goes away mid-push ends the pipe early; git http-backend then fails by itself.
    child.stdin.on('error', () => {});
    request.pipe(child.stdin);
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(parseCgi(Buffer.concat(parts))));
    });
  }
}

function basicToken(authorization: string | undefined): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  return encoded && Buffer.from(encoded, 'base64').toString().split(':').pop();
}

function parseCgi(output: Buffer): { status: number; headers: Record<string, string>; body: Buffer } {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) return { status: 500, headers: {}, body: Buffer.from('git http-backend failed') };
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of output.subarray(0, end).toString().split('\r\n')) {
    const [name = '', ...value] = line.split(': ');
    if (name === 'Status') status = Number.parseInt(value.join(': '), 10);
    else headers[name] = value.join(': ');
  }
  return { status, headers, body: output.subarray(end + 4) };
}
