import { afterEach, expect, it } from 'vitest';
import { startTeacher, type Asked, type TeacherServer } from '../../tests/support/teacher-server.ts';
import { apis, providers, type Api } from '../teacher/providers.ts';
import { askTeacher } from '../teacher/transport.ts';
import { probe } from './probe.ts';

let server: TeacherServer | null = null;
afterEach(() => server?.close());

const asksFor = ({ body }: Asked, pattern: RegExp): boolean => pattern.test(JSON.stringify(body));

async function abilitiesAt(api: Api) {
  const endpoint = new URL(server!.url);
  const place = { fetch, endpoint, provider: providers[api], key: null, idleMs: 5000 };
  return probe({ api, model: 'm' }, (ask, hear) =>
    askTeacher(place, ask, new AbortController().signal, hear),
  );
}

it.each(apis)('%s: finds out what a server does, and what it does not', async (api) => {
  server = await startTeacher((asked) => {
    const several = asksFor(asked, /"n":2|"candidateCount":2/) ? 2 : 1;
    if (asksFor(asked, /additionalProperties/))
      return { kind: 'answer', text: '{"rationale":"","label":"yes"}' };
    const stops = asksFor(asked, /"stop(?:_sequences|Sequences)?":\["yes"\]/);
    return { kind: 'answer', text: stops ? '' : 'yes it is', answers: several };
  });
  const none = { completions: { schema: null }, anthropic: { several: null }, ollama: { several: null } };
  const all = { silent: null, streams: true, schema: true, stop: true, several: true };
  expect(await abilitiesAt(api)).toEqual({ ...all, ...none[api as keyof typeof none] });
  const asked = server.asked.length;
  await server.close();

  server = await startTeacher(() => ({ kind: 'answer', text: 'yes it is' }));
  expect(await abilitiesAt(api)).toEqual({
    silent: null,
    streams: true,
    schema: false,
    stop: false,
    several: false,
    ...none[api as keyof typeof none],
  });
  expect(server.asked).toHaveLength(asked);
});

it('a server that refuses says why', async () => {
  server = await startTeacher(() => ({
    kind: 'status',
    status: 404,
    body: { error: { message: 'no model m' } },
  }));
  expect(await abilitiesAt('chat')).toMatchObject({
    silent: expect.stringContaining('no model m') as string,
  });
  expect(server.asked).toHaveLength(1);
});
