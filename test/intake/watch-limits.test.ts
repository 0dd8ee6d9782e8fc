/** What the kernel may refuse: inotify instances and watches. The limits are those of a user namespace of its own. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIntakeProcess } from '../support/intake-process.ts';
import { createTempDir } from '../support/temp-dir.ts';

const LIMITS = [
  { limit: 'max_inotify_instances', code: 'max_user_instances' },
  { limit: 'max_inotify_watches', code: 'max_user_watches' },
];

/** `sh -c … <limit> <file> <command…>`: runs the command without the limit's resource until the file appears. */
const UNTIL_RAISED = `
raise=$1; shift; exec 3<&0
echo 0 > /proc/sys/user/$0
"$@" <&3 & command=$!
until [ -e "$raise" ] || ! kill -0 $command 2> /dev/null; do sleep 0.05; done
echo 100 > /proc/sys/user/$0
wait
`;

const hasNamespaces =
  spawnSync('unshare', ['-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_instances']).status === 0;
if (!hasNamespaces) process.stderr.write('not tested, inotify limits: user namespaces are not allowed here\n');

for (const { limit, code } of LIMITS) {
  test.runIf(hasNamespaces)(
    `with ${limit} exhausted the rescan carries on and says so, until there is one`,
    async () => {
      await using dir = await createTempDir('limits');
      await writeFile(dir.file('web_prod.dep'), 'v1\n');
      await using intake = startIntakeProcess(dir.path, [
        'unshare',
        '-Ur',
        'sh',
        '-c',
        UNTIL_RAISED,
        limit,
        dir.file('raise'),
      ]);
      await eventually(() => intake.versions.at(-1) === 'v1');

      await writeFile(dir.file('web_prod.dep'), 'v22\n');
      await eventually(() => intake.versions.at(-1) === 'v22');
      const exhausted = intake.health.at(-1);
      await writeFile(dir.file('raise'), '');
      await eventually(() => intake.health.at(-1)?.degraded === false);
      await writeFile(dir.file('web_prod.dep'), 'v333\n');
      await eventually(() => intake.versions.at(-1) === 'v333');

      expect(exhausted).toMatchObject({ degraded: true, reason: expect.stringContaining(code) });
      expect(exhausted?.reason).toContain('rescan');
    },
  );
}
