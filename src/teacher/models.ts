/** What models a teacher's server has, where it says so. */
import { z } from '../base/schemas.ts';
import { addressOf, type Place } from './transport.ts';

const answer = z.object({
  /** OpenAI's and Anthropic's; Google's and Ollama's. */
  data: z.array(z.object({ id: z.string() })).optional(),
  models: z.array(z.object({ name: z.string() })).optional(),
});

/** More names than this are no list to choose from. */
const mostModels = 500;

/** Names of models, by the interface's own list; none where the server does not say. @throws The signal's reason. */
export async function listModels(
  place: Pick<Place, 'fetch' | 'endpoint' | 'provider' | 'key'>,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const response = await place.fetch(addressOf(place, place.provider.modelsPath), {
      headers: place.provider.headers(place.key),
      signal,
      redirect: 'error',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    if (!response.ok) return [];
    const { data, models } = answer.parse(await response.json());
    const names = [...(data ?? []).map(({ id }) => id), ...(models ?? []).map(({ name }) => name)];
    return names.map((name) => name.replace(/^models\//, '')).slice(0, mostModels);
  } catch {
    signal.throwIfAborted();
    return [];
  }
}
