export const CHECK_HELP = `usage: check --path DIR [--task NAME] [--json]

Checks the five target files of a checkout as the App does at every push, without running them.

  --path DIR   checkout of your fork
  --task NAME  task whose rules apply (default: quasar)
  --json       print {"ok", "findings": [{"rule", "file", "line", "column", "message"}]}

Exit code: 0 ok, 1 findings, 2 wrong use or unreadable.
`;
