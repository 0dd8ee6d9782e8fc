/** What the contract consists of: named behaviours, in areas. Importing a list of them runs nothing. */
import type { Scene } from './scene.ts';

/** Rejects when the server does not behave so. */
export type Behaviour = (scene: Scene) => Promise<void>;

export interface Area {
  readonly title: string;
  /** By name: a sentence about what the server does. */
  readonly behaviours: Readonly<Record<string, Behaviour>>;
}
