/** `npm test`: vitest, then pytest where `.venv` exists. With REQUIRE_ALL=1 nothing may be skipped. Arguments go to vitest. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const requireAll = process.env.REQUIRE_ALL === '1';
const reports = mkdtempSync(path.join(tmpdir(), 'quasar-tests-'));

/** Ends the title, or pytest's reason, of a skipped test that needs what `.ci/run` cannot install. */
const NOT_INSTALLABLE = /\(from the internet\)$/;
const NOT_INSTALLABLE_XML = /<skipped [^>]*message="[^"]*\(from the internet\)"/g;

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): number {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

function vitest(args: readonly string[]): { code: number; count: Count | null } {
  const report = path.join(reports, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args]);
  if (!existsSync(report)) return { code: code || 1, count: null };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as VitestReport;
  const excused = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(
      ({ status, title }) => status !== 'passed' && status !== 'failed' && NOT_INSTALLABLE.test(title),
    ).length;
  return {
    code,
    count: {
      passed: numPassedTests,
      failed: numFailedTests,
      skipped: numPendingTests + numTodoTests - excused,
    },
  };
}

function pytest(): { code: number; count: Count | null } {
  const link = path.join(root, '.venv');
  // by its real path: the sandbox shows that path to its workers
  const python = existsSync(link) ? path.join(realpathSync(link), 'bin', 'python') : link;
  if (!existsSync(python)) {
    console.log('pytest: skipped, there is no .venv. This line makes it: npx tsx tests/setup-python.ts');
    return { code: requireAll ? 1 : 0, count: null };
  }
  if (spawnSync(python, ['-c', 'import xdist']).status !== 0) {
    console.error('pytest: .venv is older than kernels/requirements-test.txt: npx tsx tests/setup-python.ts');
    return { code: 1, count: null };
  }
  const report = path.join(reports, 'pytest.xml');
  // Two files at a time, on one thread each, the longest first as conftest.py has it.
  const spread = ['-n', '2', '--dist', 'loadfile', '--no-loadscope-reorder'];
  const options = ['-q', '-p', 'no:cacheprovider', ...spread, `--junit-xml=${report}`];
  const code = run(python, ['-B', '-m', 'pytest', ...options, 'tests/kernels'], { OMP_NUM_THREADS: '1' });
  if (!existsSync(report)) return { code: code || 1, count: null };
  const xml = readFileSync(report, 'utf8');
  const number = (name: string): number =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  const excused = xml.match(NOT_INSTALLABLE_XML)?.length ?? 0;
  return {
    code,
    count: { passed: number('tests') - failed - skipped, failed, skipped: skipped - excused },
  };
}

const args = process.argv.slice(2);
// with arguments somebody looks at some tests of vitest
const parts = args.length > 0 ? [vitest(args)] : [vitest([]), pytest()];
rmSync(reports, { recursive: true, force: true });

const sum = (name: keyof Count): number =>
  parts.reduce((total, { count }) => total + (count?.[name] ?? 0), 0);
const skippedWhereAllIsAsked = requireAll && sum('skipped') > 0;
if (skippedWhereAllIsAsked) console.error(`REQUIRE_ALL=1, but ${sum('skipped')} tests were skipped`);
console.log(
  `${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`,
);
process.exitCode = skippedWhereAllIsAsked || parts.some(({ code }) => code !== 0) ? 1 : 0;
