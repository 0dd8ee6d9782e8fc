/** All stories by chapter. */
import { changeStories } from './change-stories.ts';
import { crashStories } from './crash-stories.ts';
import { imageStories } from './image-stories.ts';
import { restingStories } from './resting-stories.ts';
import { rollbackStories } from './rollback-stories.ts';
import { shapeStories } from './shape-stories.ts';
import { startStories } from './start-stories.ts';
import type { Story } from './story.ts';

export const CHAPTERS: Readonly<Record<string, readonly Story[]>> = {
  'images that cannot be pulled': imageStories,
  'containers that crash': crashStories,
  'containers that do not start or do not get ready': startStories,
  'Deployments of every shape': shapeStories,
  'changes in the middle': changeStories,
  'the way back': rollbackStories,
  'controllers that stand still': restingStories,
};

export const STORIES: readonly Story[] = Object.values(CHAPTERS).flat();
