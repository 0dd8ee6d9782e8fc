import { describe, expect, test } from 'vitest';
import { type Story, tell } from '../support/rollout-story.ts';
import { changeStories } from './stories/change-stories.ts';
import { controllerStories } from './stories/controller-stories.ts';
import { crashStories } from './stories/crash-stories.ts';
import { deadlineStories } from './stories/deadline-stories.ts';
import { imageStories } from './stories/image-stories.ts';
import { restartStories } from './stories/restart-stories.ts';
import { startStories } from './stories/start-stories.ts';
import { usualTimeStories } from './stories/usual-time-stories.ts';

const chapters: Readonly<Record<string, readonly Story[]>> = {
  'images that cannot be pulled': imageStories,
  'containers that crash': crashStories,
  'a limit on restarts': restartStories,
  'containers that do not start': startStories,
  'what the controllers say': controllerStories,
  deadlines: deadlineStories,
  'changes in the middle': changeStories,
  'longer than usual': usualTimeStories,
};

describe.each(Object.entries(chapters))('%s', (_chapter, stories) => {
  test.each(stories.map((story) => [story.name, story] as const))('%s', (_name, story) => {
    expect(tell(story)).toMatchObject(story.ends);
  });
});

test('there are more than sixty stories, each told once', () => {
  const names = Object.values(chapters).flatMap((stories) => stories.map(({ name }) => name));

  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(60);
});
