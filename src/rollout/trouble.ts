/** The kinds of trouble a rollout can show, and how grave they are. */

export type Trouble =
  | 'image'
  | 'config'
  | 'start'
  | 'crash'
  | 'creating'
  | 'waiting'
  | 'initializing'
  | 'unready'
  | 'unscheduled'
  | 'ended'
  | 'replica-failure';

/**
 * How a sign becomes a verdict. `at-once`: it cannot heal by itself. `soon`: so, when a second look still finds it.
 * `strikes`: it fails the rollout when it has lasted for the grace. `clock`: it may heal (an autoscaler, a slow volume)
 * and only explains a time-out.
 */
export type Severity = (typeof SEVERITIES)[number];

/** Gravest first. */
export const SEVERITIES = ['at-once', 'soon', 'strikes', 'clock'] as const;
