/** How the engine signs what it changes, so that it, and people, can tell it from the changes of others. */

/** Who our changes are by, in `managedFields`. */
export const FIELD_MANAGER = 'deployment-k8s-engine';
/** Holds the id of the attempt whose patch was the last of ours that was applied. */
export const ATTEMPT_ANNOTATION = 'deployment-k8s-engine/attempt';
export const VERSION_ANNOTATION = 'deployment-k8s-engine/version';
/** Shown by `kubectl rollout history`. */
export const CHANGE_CAUSE_ANNOTATION = 'kubernetes.io/change-cause';
