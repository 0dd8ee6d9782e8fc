/** Which targets are ours: those with a dep file, and those whose file has gone but whose order is unanswered. */
import type { DepLook } from '../domain/dep-look.ts';
import { type Target, type TargetKey, targetKey } from '../domain/target.ts';
import type { Intake } from './intake.ts';

export interface KnownTargets {
  /** The intake's look. The target is ours from here on: a scan may see its file only after the first events. */
  look(key: TargetKey): Promise<DepLook>;
  has(target: Target): boolean;
  /** Nothing is left to be done for the key. It is forgotten if its file has gone. */
  forgetIfGone(key: TargetKey): void;
}

export interface KnownTargetsOptions {
  readonly intake: Pick<Intake, 'look' | 'keys'>;
  /** No longer ours, until its file is looked at again. */
  onForgotten(key: TargetKey): void;
}

export function createKnownTargets({ intake, onForgotten }: KnownTargetsOptions): KnownTargets {
  /** Whether the last look found no file. */
  const isGone = new Map<TargetKey, boolean>();

  return {
    async look(key) {
      isGone.set(key, false);
      const look = await intake.look(key);
      isGone.set(key, look.kind === 'absent');
      return look;
    },
    has(target) {
      const key = targetKey(target);
      return isGone.has(key) || intake.keys().has(key);
    },
    forgetIfGone(key) {
      // A file that has come back may be known to the look only, or to the scan only.
      if (isGone.get(key) !== true || intake.keys().has(key)) return;
      isGone.delete(key);
      onForgotten(key);
    },
  };
}
