/** `/cli.mjs`: the command for miners, one file, served by the App that they deal with. */
import type { CliBundle } from './read-model.ts';
import { type Reply, text } from './reply.ts';
import type { Route } from './routes.ts';

/** 503 with the reason while `bundle` has none. */
export function cliRoute(bundle: () => CliBundle | null): Route {
  return {
    method: 'GET',
    path: '/cli.mjs',
    handle: async ({ headers }) => {
      const cli = bundle();
      if (cli === null)
        return text(
          503,
          'The command file is not built on this server: its operator runs `npm run build`.\n',
          {
            'retry-after': '60',
          },
        );
      const zip =
        cli.gzipped !== null && /\bgzip\b/.test(headers['accept-encoding'] ?? '') ? cli.gzipped : null;
      return download(cli, zip, headers['if-none-match']);
    },
  };
}

function download(cli: CliBundle, zip: Uint8Array | null, known: string | undefined): Reply {
  const etag = `"${cli.sha256}${zip === null ? '' : '-gzip'}"`;
  const common = { etag, 'cache-control': 'no-cache', vary: 'accept-encoding', 'x-sha256': cli.sha256 };
  if (known === etag) return { status: 304, headers: common, body: '' };
  const type = { 'content-type': 'text/javascript; charset=utf-8' };
  return zip === null
    ? { status: 200, headers: { ...common, ...type }, body: cli.bytes }
    : { status: 200, headers: { ...common, ...type, 'content-encoding': 'gzip' }, body: zip };
}
