import { describe, expect, it, vi } from 'vitest';
import { recipeSchema } from '../distill/recipe.ts';
import { askedAs, type ServedModel } from './served-model.ts';
import { Service, type LogLine, type ServedResponse } from './service.ts';
import { readSettings, type Environment } from './settings.ts';

/** A model that says its prompt again, in letters. */
function echo(recipe: Parameters<typeof askedAs>[0]): ServedModel {
  return {
    ...askedAs(recipe),
    tokenizer: {
      encode: (text) => Int32Array.from(text, (letter) => letter.codePointAt(0)!),
      decode: (ids) => String.fromCodePoint(...ids),
    },
    generate: (rows) =>
      rows.some((row) => row.includes('!'.codePointAt(0)!))
        ? Promise.reject(new Error('no memory for secret!'))
        : Promise.resolve(rows),
  };
}

function make(env: Environment = {}, model: ServedModel | null = echo(null)) {
  const lines: LogLine[] = [];
  const service = new Service(readSettings(env), (line) => lines.push(line));
  if (model !== null) service.ready(model);
  const chunks = (text: string): AsyncIterable<Uint8Array> => new Blob([text]).stream();
  const send = (method: string, url: string, body = ''): Promise<ServedResponse> =>
    service.handle({ method, url, authorization: null, body: chunks(body) });
  return { service, lines, send };
}

const predictions = (response: ServedResponse): unknown => JSON.parse(response.body);

describe('Service', () => {
  it('puts prefixes before texts, once', async () => {
    const { send } = make();
    const body = JSON.stringify({ instances: ['a', 'predict: b'], parameters: { rationale: true } });
    expect(predictions(await send('POST', '/predict?x=1', body))).toEqual({
      predictions: [
        ['predict: a', 'predict: b'],
        ['explain: a', 'explain: b'],
      ],
    });
  });

  it('asks a student of the standard method bare, and refuses rationales of it', async () => {
    const { send } = make({}, echo(recipeSchema.parse({ method: 'standard' })));
    expect(predictions(await send('POST', '/predict', '{"instances": ["a"]}'))).toEqual({
      predictions: [['a']],
    });
    const refused = await send('POST', '/predict', '{"instances": ["a"], "parameters": {"rationale": true}}');
    expect(refused.status).toBe(400);
  });

  it('tells health and predictions apart by method where they have one route', async () => {
    const { send } = make({ AIP_HEALTH_ROUTE: '/', AIP_PREDICT_ROUTE: '/' });
    expect(predictions(await send('GET', '/'))).toEqual({ status: 'healthy' });
    expect((await send('POST', '/', '{"instances": ["a"]}')).status).toBe(200);
  });

  it('answers 500 without the reason, which the log has, where the model fails', async () => {
    const { send, lines } = make();
    const failed = await send('POST', '/predict', '{"instances": ["ask!"]}');
    expect(failed.status).toBe(500);
    expect(failed.body).not.toContain('memory');
    expect(lines).toMatchObject([{ status: 500, rows: 1, error: 'no memory for secret!' }]);
  });

  it('logs how long an answer took, in milliseconds to a tenth', async () => {
    const { send, lines } = make();
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(100).mockReturnValueOnce(112.3456);
    await send('GET', '/health');
    now.mockRestore();
    expect(lines).toMatchObject([{ status: 200, elapsedMs: 12.3 }]);
  });

  it('passes on that a sender is gone, and counts it', async () => {
    const { service, send } = make();
    const gone = new Error('reset');
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(gone) });
    await expect(service.handle({ method: 'POST', url: '/predict', authorization: null, body })).rejects.toBe(
      gone,
    );
    expect((await send('GET', '/metrics')).body).toContain(
      'stillroom_requests_total{route="predict",status="499"} 1\n',
    );
  });

  it('counts times in buckets that add up', async () => {
    const { send } = make();
    for (let turn = 0; turn < 3; turn += 1) await send('POST', '/predict', '{"instances": ["a"]}');
    const { body } = await send('GET', '/metrics');
    const counts = [...body.matchAll(/_bucket\{le="[^"]+"\} (\d+)/g)].map(([, count]) => Number(count));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(3);
    expect(body).toContain('_count 3\n');
    // Prometheus reads no other lines than these.
    for (const line of body.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) stillroom_\w+ .+|stillroom_\w+(\{[\w=",.+]+\})? [\d.e-]+)$/);
    }
  });

  it('is unhealthy and refuses before it is ready and once it ends', async () => {
    const { service, send } = make({}, null);
    expect((await send('GET', '/health')).status).toBe(503);
    expect((await send('POST', '/predict', '{"instances": ["a"]}')).status).toBe(503);
    await service.end();
    expect(predictions(await send('GET', '/health'))).toEqual({ status: 'ending' });
    service.ready(echo(null));
    expect((await send('POST', '/predict', '{"instances": ["a"]}')).status).toBe(503);
  });
});
