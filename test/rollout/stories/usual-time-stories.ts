/** Rollouts that take much longer than those before: told once, and no verdict. */
import { complete, pod, running } from '../../support/rollout-objects.ts';
import type { Frame, Story } from '../../support/rollout-story.ts';

const unready: Frame = { at: 1, pods: [pod(running({ ready: false }))] };
const ready = (at: number): Frame => ({ at, pods: [pod(running())], deployment: complete() });
const detail = '0 of 1 replicas available; container web runs but is not ready';
const starting: Frame = { ...unready, deployment: { availableReplicas: 0, statusReplicas: 1 } };

const HELD = 'Deployment web is paused; it goes on after "kubectl rollout resume deployment/web -n prod"';

export const usualTimeStories: readonly Story[] = [
  {
    name: 'three times the usual is told, and the success after it is one',
    usualMs: [11_000, 12_000, 14_000],
    frames: [starting, ready(90)],
    ends: { outcome: 'succeeded', at: 90, progress: [`36 s: 3x the usual 12 s: ${detail}`] },
  },
  {
    name: 'it is told once, however long the rollout takes, and the time-out comes as ever',
    usualMs: [12_000, 12_000, 12_000],
    frames: [starting],
    ends: { outcome: 'timed-out', at: 240, cause: detail, progress: [`36 s: 3x the usual 12 s: ${detail}`] },
  },
  {
    name: 'one slow night does not change what is usual',
    usualMs: [600_000, 5_000, 4_000, 6_000],
    frames: [starting, ready(30)],
    ends: { outcome: 'succeeded', at: 30, progress: [`16.5 s: 3x the usual 5.5 s: ${detail}`] },
  },
  {
    name: 'a fast service is given ten seconds before anything is told',
    usualMs: [400, 400, 400],
    frames: [starting, ready(20)],
    ends: { outcome: 'succeeded', at: 20, progress: [`10 s: 25x the usual 0.4 s: ${detail}`] },
  },
  {
    name: 'two rollouts are not enough to know what is usual',
    usualMs: [1_000, 1_000],
    frames: [starting, ready(60)],
    ends: { outcome: 'succeeded', at: 60, progress: [] },
  },
  {
    name: 'a rollout within three times its usual time is not told as slow',
    usualMs: [12_000, 12_000, 12_000],
    frames: [starting, ready(35)],
    ends: { outcome: 'succeeded', at: 35, progress: [] },
  },
  {
    name: 'what was told before a restart is not told again',
    usualMs: [12_000, 12_000, 12_000],
    attempt: { toldSlow: true },
    frames: [starting, ready(60)],
    ends: { outcome: 'succeeded', at: 60, progress: [] },
  },
  {
    name: 'time on hold is not slow',
    usualMs: [12_000, 12_000, 12_000],
    frames: [starting, { ...starting, at: 5, deployment: { paused: true } }, { ...starting, at: 100 }, ready(120)],
    ends: { outcome: 'succeeded', at: 120, progress: [`5 s: ${HELD}`] },
  },
];
