/** Push payloads of the sizes that GitHub sends, signed. */
import { sign } from '../../../app/http/signature.ts';

export const WEBHOOKS_PATH = '/api/github/webhooks';
export const SECRET = 'the secret of the webhook benchmark';
/** Bytes: a push of one commit, of a few, of many files. */
export const PAYLOAD_SIZES = [7, 11, 18].map((kib) => kib * 1024);

/** A request without its delivery id, which stands between the two parts. */
export interface SignedRequest {
  readonly before: string;
  readonly after: Buffer;
}

export function signedPush(bytes: number): SignedRequest {
  const body = pushPayload(bytes);
  const after = `\r\nX-Hub-Signature-256: ${sign(SECRET, Buffer.from(body))}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  return {
    before: `POST ${WEBHOOKS_PATH} HTTP/1.1\r\nHost: referee\r\nUser-Agent: GitHub-Hookshot/bench\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: `,
    after: Buffer.from(after),
  };
}

/** About `bytes` of a push event: the fields that the App reads, and urls and files to make up the rest. */
function pushPayload(bytes: number): string {
  const repository = {
    id: 1_296_269,
    name: 'flash-linear-attention',
    full_name: 'miner/flash-linear-attention',
    private: false,
    owner: { id: 583_231, login: 'miner' },
    default_branch: 'main',
  };
  const commit = (modified: readonly string[]) => ({
    id: '8f3c1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c',
    message: 'Tile the state update',
    timestamp: '2026-11-21T10:50:00Z',
    author: { name: 'Miner', email: 'miner@example.org' },
    added: [],
    removed: [],
    modified,
  });
  const files: string[] = [];
  const render = () =>
    JSON.stringify({
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: '8f3c1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c',
      repository,
      installation: { id: 41_000_000 },
      sender: { id: 583_231, login: 'miner' },
      commits: [commit(files)],
      head_commit: commit([]),
    });
  const base = render().length;
  for (let size = base; size < bytes; size += 48)
    files.push(`fla/ops/quasar/file_${String(files.length).padStart(25, '0')}`);
  return render();
}
