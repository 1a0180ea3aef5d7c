import { expect, it, vi } from 'vitest';
import { otherTab, withWebLocks } from '../../tests/support/web-locks.ts';
import { holdersUnder, holdPage } from './holders.ts';
import { heldRuns, holdRun } from './locks.ts';

withWebLocks();

const own = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';
const worker = (page: string): string => `stillroom-worker-${page} 33333333`;
const lock = (clientId: string | undefined, name: string) =>
  clientId === undefined ? { name } : { name, clientId };

it('tells whose worker holds a run by the names of the locks that one client has', () => {
  const held = [
    lock('page', `stillroom-page-${own}`),
    lock('a', worker(own)),
    lock('a', 'run-of-mine'),
    lock('page', 'run-of-this-page'),
    lock('their page', `stillroom-page-${other}`),
    lock('b', worker(other)),
    lock('b', 'run-of-theirs'),
    lock('c', 'run-of-nobody-known'),
    lock(undefined, 'run-without-client'),
    lock('b', 'other-things'),
  ];
  expect([...holdersUnder('run-', held, own)]).toEqual([
    ['of-mine', 'here'],
    ['of-this-page', 'here'],
    ['of-theirs', 'another tab'],
    ['of-nobody-known', 'unsure'],
    ['without-client', 'unsure'],
  ]);
});

it('a worker whose page has gone is no other tab', () => {
  const held = [lock('a', worker(other)), lock('a', 'run-x')];
  expect(holdersUnder('run-', held, own).get('x')).toBe('unsure');
  expect(holdersUnder('run-', [...held, lock('p', `stillroom-page-${other}`)], own).get('x')).toBe(
    'another tab',
  );
  // The worker of this page before a reload: its page had another id.
  expect(holdersUnder('run-', [...held, lock('p', `stillroom-page-${own}`)], own).get('x')).toBe('unsure');
});

it('what this page, another tab and a page that has gone hold are told apart, and who waits is told why', async () => {
  vi.useFakeTimers();
  try {
    holdPage();
    await holdRun('mine');
    await otherTab('stillroom-run-theirs', { lives: true });
    const endsStep = await otherTab('stillroom-run-gone', { lives: false });
    expect([...(await heldRuns())!]).toEqual([
      ['mine', 'here'],
      ['theirs', 'another tab'],
      ['gone', 'unsure'],
    ]);
    const refused = (id: string) => expect(holdRun(id)).rejects;
    const both = Promise.all([
      refused('mine').toThrow('at work in this tab'),
      refused('theirs').toThrow('at work in another tab'),
    ]);
    // A step that began before a reload may be longer than a tab takes to close.
    const waited = holdRun('gone');
    await vi.advanceTimersByTimeAsync(30_000);
    await both;
    endsStep();
    const letGo = await waited;
    expect((await heldRuns())?.get('gone')).toBe('here');
    letGo();
    await otherTab('stillroom-run-stuck', { lives: false });
    const stuck = refused('stuck').toThrow('It is not known yet whether this run');
    await vi.advanceTimersByTimeAsync(70_000);
    await stuck;
    const given = new AbortController();
    const ended = expect(holdRun('theirs', given.signal)).rejects.toThrow('no more');
    given.abort(new Error('no more'));
    await ended;
  } finally {
    vi.useRealTimers();
  }
});
