/** Why an image could not be pulled, and whether another try can help. */

/** Pull errors that no further try can mend: the registry has answered, and the answer was no. */
const PULL_IS_FINAL =
  /not found|manifest unknown|name unknown|does not exist|unauthorized|authentication required|access denied|denied|no match for platform|invalid reference format/i;
/** Words of a network, a busy registry or a node in trouble, which can stand beside those above. */
const PULL_MAY_HEAL =
  /time-?out|timed out|deadline exceeded|connection (?:refused|reset)|host (?:not found|is unreachable)|temporary failure|too ?many ?requests|rate limit|\b50[0234]\b|permission denied|executable file not found/i;

/**
 * Whether the registry has answered, and the answer was no. A kubelet gives nothing but the text to tell it by.
 *
 * @param image as the pod asks for it
 * @param message of the waiting container
 */
export function isFinalPullError(image: string, message: string): boolean {
  // A service may be called `denied-page`.
  const words = message.replaceAll(image, '');
  return PULL_IS_FINAL.test(words) && !PULL_MAY_HEAL.test(words);
}
