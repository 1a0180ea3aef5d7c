/** Which origins a frame may reach, as its policy has them. */
import { InputError } from '../base/errors.ts';

/** A source of a policy: an http or https origin, or one with `*.` for all below a host. */
const source = /^https?:\/\/(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d+)?$/;

/** The policy that closes a frame: it reaches these alone. @throws TypeError for what is no origin. */
export function reachOnly(sources: readonly string[]): string {
  for (const one of sources) if (!source.test(one)) throw new TypeError(`${one} is no origin.`);
  return `connect-src ${sources.length === 0 ? "'none'" : sources.join(' ')}`;
}

/**
 * The origin of an address, for a frame that is to reach it alone.
 * @throws InputError where no policy can name it: an address of numbers in the new form, `[::1]`.
 */
export function originToReach(url: URL): string {
  const origin = url.origin.toLowerCase();
  if (source.test(origin)) return origin;
  throw new InputError(
    `A page cannot be limited to ${url.host}, so it does not ask there.`,
    'Give the server’s name, such as localhost, or its address in the form 127.0.0.1.',
  );
}
