/** How an attempt can end. */

export type Outcome =
  | 'succeeded'
  | 'failed'
  | 'timed-out'
  | 'superseded'
  | 'rolled-back'
  | 'rollback-failed'
  | 'refused'
  | 'blocked'
  | 'overridden';
