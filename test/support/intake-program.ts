/** `node intake-program.ts <dir>`: prints each report and each change of health as a line of JSON; ends with its input. */
import { followIntake } from './intake-follower.ts';

const [, , dir = '.'] = process.argv;
const follower = await followIntake(dir, {
  rescanMs: 500,
  onTold: (told) => process.stdout.write(`${JSON.stringify(told)}\n`),
});
process.stdin.on('end', () => void follower.stop()).resume();
