/** A request that is not answered, with the status and the headers that say so. */
import { StillroomError } from '../base/errors.ts';

export type RefusalStatus = 400 | 401 | 404 | 405 | 408 | 413 | 503;

export class Refusal extends StillroomError {
  constructor(
    readonly status: RefusalStatus,
    problem: string,
    remedy: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem, remedy);
  }
}
