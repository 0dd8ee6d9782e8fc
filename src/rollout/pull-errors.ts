/** Why an image could not be pulled, and whether another try can help. */

/** Pull errors that no further try can mend, in order: the registry has answered, and the answer was no. */
const FINAL: readonly (readonly [said: RegExp, reason: string])[] = [
  [/no match(?:ing manifest)? for/i, 'not built for the platform of the node'],
  // Registries do not tell strangers what there is.
  [/does not exist or may require authorization/i, 'no access to the repository, or it does not exist'],
  [/unauthorized|authentication required|denied/i, 'no access to the repository'],
  [/not found|manifest unknown|name unknown|does not exist/i, 'not found in the registry'],
  [/invalid reference format/i, 'not a valid name'],
];
/** Words of a network, a busy registry or a node in trouble, which can stand beside those above. */
const MAY_HEAL =
  /time-?out|timed out|deadline exceeded|connection (?:refused|reset)|host (?:not found|is unreachable)|temporary failure|too ?many ?requests|rate limit|\b50[0234]\b|permission denied|executable file not found/i;

/**
 * The registry's no in a few words; undefined while another try may help, or when the reason is not a known one. A
 * kubelet gives nothing but the text to tell it by.
 *
 * @param image as the pod asks for it
 * @param message of the waiting container
 */
export function finalPullReason(image: string, message: string): string | undefined {
  // A service may be called `denied-page`.
  const words = message.replaceAll(image, '');
  if (MAY_HEAL.test(words)) return undefined;
  return FINAL.find(([said]) => said.test(words))?.[1];
}
