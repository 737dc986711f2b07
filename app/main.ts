/** `npm start`: one process of the App. */
import { readFileSync } from 'node:fs';
import pino from 'pino';
import { ConfigError } from './config/problems.ts';
import { loadConfig } from './config.ts';
import { ListenError } from './http/listen.ts';
import { startReferee } from './referee.ts';

try {
  const { config, warnings } = loadConfig(process.env, (path) => readFileSync(path, 'utf8'));
  const log = pino({ level: config.logLevel });
  for (const warning of warnings) log.warn(warning);
  const referee = await startReferee(config, log);
  log.info({ port: referee.port, publicUrl: config.publicUrl }, 'the Referee is up');
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'stopping: work in hand is finished first; a second signal ends it at once');
    referee.stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof ListenError)) throw error;
  process.stderr.write(`${error instanceof ListenError ? error.userMessage : error.message}\n`);
  process.exitCode = 2;
}
