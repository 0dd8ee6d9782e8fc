/** Declares the tests of all stories, for one cluster to play them on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTheatre, type Theatre, type TheatreCluster } from '../support/story-theatre.ts';
import { CHAPTERS, STORIES } from './stories.ts';

const LIMIT_MS = 120_000;

export function tellStories(openCluster: () => Promise<TheatreCluster>): void {
  let theatre: Theatre | undefined;
  beforeAll(async () => {
    theatre = await openTheatre(await openCluster(), STORIES);
  }, LIMIT_MS);
  afterAll(() => theatre?.close(), LIMIT_MS);

  describe.each(Object.entries(CHAPTERS))('%s', (_chapter, stories) => {
    test.each(stories.map((story) => [story.name, story] as const))(
      '%s',
      async (name, story) => {
        const ending = await theatre?.ending(name);

        expect(ending?.tells, ending?.log).toEqual(story.tells);
        expect(ending?.tells).toContain(ending?.summary);
        expect(ending, ending?.log).toMatchObject({ tooEarly: [], tooLate: [] });
        for (const line of story.evidence ?? []) expect(ending?.evidence).toMatch(line);
      },
      LIMIT_MS,
    );
  });

  test('there are more than sixty stories, each told once', () => {
    expect(new Set(STORIES.map(({ name }) => name)).size).toBe(STORIES.length);
    expect(STORIES.length).toBeGreaterThan(60);
  });
}
